import type { Observable } from 'rxjs'
import type { Logger } from '../../core/logger.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, Start } from '../../log/port.ts'
import type { HeldParts } from './agent-row.ts'
import type { Health } from './health.ts'
import type { Code, NamedJob } from './job-code.ts'
import type { PartMeters } from './part-meters.ts'
import type { PartName, Pausable } from './pauses.ts'
import type { DeliveryRow } from './recent-deliveries.ts'
import type { Reloaded } from './reloaded.ts'
import type { JobStatus } from './status.ts'

/** A job of a running agent. */
export interface RunningJob extends NamedJob {
  /** When it runs next, and how its last run went. */
  status(): JobStatus
  /** Restarts its schedule now. */
  reset(): Promise<void>
  /** Aborts the attempts that run now. Returns false if none does. */
  abort(): boolean
}

/** How to steer a listener, whether or not an agent runs it. */
export interface ListenerControl {
  /** The event types that it hears: names, or patterns with `*`; undefined: all, or those are not known. */
  readonly types?: readonly string[] | undefined
  /** How many events it handles a minute, over the last minutes; absent if no agent runs it. */
  readonly rate?: number
  /** Runs `steer` on the listener's consumer, after all earlier steering. */
  steer<T>(steer: (consumer: Consumer) => Promise<T>): Promise<T>
  /** Continues from another position. `forgets`: its filters then remember nothing, because it hears events again. */
  move(start: Start, forgets: boolean): Promise<void>
  /** Continues under another name. */
  rename(name: string): Promise<void>
}

/** A running agent, for operations that steer it: it applies at once what they have already written to the log. */
export interface AgentControl extends Code {
  /** The name of the agent. */
  readonly agent: string
  /** When the agent started. */
  readonly since: Date
  /** The time zone of the agent: the one of its options, else that of this process. */
  readonly timezone: string
  /** When the code that runs was loaded. */
  readonly loaded: Date
  /** Loads its code again; see `Running.reload`. */
  reload(): Promise<Reloaded>
  /** Whether the agent is being stopped, or has stopped. */
  readonly stopping: boolean
  /** Emits the name of a job or listener whenever its state may have changed. Costs nothing without a subscriber. */
  readonly changes$: Observable<PartName>
  /** What the agent has counted of its jobs and listeners. */
  readonly meters: PartMeters
  /** Receives what operations have to say. */
  readonly logger: Logger
  /** Removes known secrets from text that leaves the process. */
  scrub(text: string): string
  /** The health of the jobs and listeners. Also answers while the log has failed. */
  health(): Promise<Pick<Health, 'jobs' | 'listeners'>>
  /** Runs a job now. Resolves to the report; undefined if it did not run. */
  trigger(job: string): Promise<RunReport | undefined>
  /** Pauses or resumes a job or listener; does nothing for an unknown name. */
  pause(kind: Pausable, name: string, paused: boolean): void
  /** The job of that name; undefined if the agent has none. */
  job(name: string): RunningJob | undefined
  /**
   * The newest deliveries to a listener since its code was loaded, newest first, at most 256; with `seq`, only those of
   * this event. None if it is unknown.
   */
  deliveries(listener: string, limit?: number, seq?: number): readonly DeliveryRow[]
  /** What it does and no other agent on the log. */
  held(): HeldParts
  /** Pauses and resumes its jobs and listeners as the log has stored it. */
  pauseAsStored(): Promise<void>
  /** All listeners of the agent. */
  listeners(): readonly Listener[]
  /** The listener of that name, or the shard of one; undefined if the agent has none. */
  listener(name: string): ListenerControl | undefined
}
