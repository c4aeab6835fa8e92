import { type Observable, Subject, startWith, switchMap } from 'rxjs'
import type { Publish } from '../../core/context.ts'
import { defined } from '../../core/defined.ts'
import { asError, quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { isTransient, keepTrying } from '../../core/keep-trying.ts'
import { toDraft } from '../../core/publisher.ts'
import type { Job } from '../../job/job.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Listener } from '../../listener/listener.ts'
import { snapshotDraft } from '../../log/check-draft.ts'
import { acceptOne } from '../../log/traced-accept.ts'
import { systemZone } from '../../schedule/zone.ts'
import type { Agent, Part } from '../define/agent.ts'
import type { AgentControl, ListenerControl, RunningJob } from './agent-control.ts'
import { type Attention, attentionOf } from './attention.ts'
import { type DryRun, dryRun } from './dry-run.ts'
import type { Health } from './health.ts'
import { LiveEvents } from './live-events.ts'
import type { LoggedLines } from './logged-lines.ts'
import { partChanges } from './part-changes.ts'
import { PartMeters } from './part-meters.ts'
import { partsHealth, partsStatus } from './parts-health.ts'
import type { PartName, Pausable } from './pauses.ts'
import type { DeliveryRow } from './recent-deliveries.ts'
import { checkLoaded, partsOf, type Reloaded, reloadFailed, takenBack } from './reloaded.ts'
import { knownCursors } from './rename-listener.ts'
import type { Running } from './running.ts'
import { endsWithin, GRACE, LAST, present, RunningParts, type RunningPartsHost } from './running-parts.ts'
import type { Status } from './status.ts'

/** What a running agent needs: `start` assembles it. */
export interface RunningAgentHost extends Omit<RunningPartsHost, 'meters'> {
  readonly agent: Agent
  /** Loads the code of the agent again; absent if that is not possible. */
  readonly load?: (() => Promise<Agent>) | undefined
  /** The lines of an agent without a logger. */
  readonly silent?: Pick<LoggedLines, 'lines'> | undefined
  /** Closes the socket, and the log if the agent opened it. */
  close(): Promise<void>
}

/**
 * A running agent: one version of its parts at a time, on a log and behind a socket that outlive them (decision 0058).
 *
 * ```
 *             begin()              reload(): loaded, checked         the old parts have ended
 *   starting ────────→ running ─────────────────────────────→ ending ────────────────────────→ beginning ──→ running
 *                        ↑  │                                                                      │
 *                        │  │ the new code can't be loaded, or is wrong: it runs on                │ can't start
 *                        │  └─ reload() rejects                                                    ↓
 *                        └────────────────────────────── the parts of before begin again, reload() rejects
 * ```
 *
 * Who owns what: `start()` opens the log and the socket, and hands over `close`. `RunningParts` owns the jobs and
 * listeners of a version. This class owns which version runs, what lives through all of them (`events$`, `publish`, the
 * parts that were added), and the stop.
 *
 * - A reload is a restart without the gap: the parts that end and those that begin meet only in the log. So cursors,
 *   retries, parked events, pauses, held drafts and the memory of filters are there as after a restart.
 * - Two versions never run at once: the old parts have ended, or were aborted, before the new ones open anything.
 * - `add` and the replacement take turns. A reload keeps parts that were added: their code is not the agent's.
 * - Steering from outside waits for a replacement under way, and a replacement for steering under way. So no answer
 *   is about parts that have ended.
 * - `stop()` runs once and always resolves: after the grace period with what was recorded by then, and at the latest
 *   after a second grace period for a log that does not close. A reload under way then begins nothing, and rejects.
 */
export class RunningAgent implements Running, AgentControl {
  readonly since: Date
  readonly meters = new PartMeters()
  readonly logger: AgentControl['logger']
  readonly #host: RunningAgentHost
  readonly #live: LiveEvents
  readonly #replaced$ = new Subject<void>()
  readonly #stop = new AbortController()
  #agent: Agent
  #loaded: Date
  #parts: RunningParts
  #added: readonly Part[] = []
  #turn: Promise<unknown> = Promise.resolve()
  #reload: Promise<unknown> = Promise.resolve()
  /** Resolves when the replacement under way has ended. */
  #replacement: Promise<unknown> | undefined
  /** Steering under way. */
  readonly #steering = new Set<Promise<unknown>>()
  #stopped: Promise<void> | undefined

  constructor(host: RunningAgentHost) {
    this.#host = host
    this.#agent = host.agent
    this.logger = host.environment.logger
    this.#live = new LiveEvents(host.log)
    this.#parts = new RunningParts({ ...host, meters: this.meters })
    this.since = new Date(host.clock.now())
    this.#loaded = this.since
  }

  get agent(): string {
    return this.#agent.name
  }
  get timezone(): string {
    return this.#agent.timezone ?? systemZone()
  }
  get loaded(): Date {
    return this.#loaded
  }
  get stopping(): boolean {
    return this.#stop.signal.aborted
  }
  get events$(): Observable<StoredEvent> {
    return this.#live.events$
  }
  get logged(): Running['logged'] {
    return this.#host.silent?.lines ?? []
  }

  readonly publish: Publish = async (...given: readonly unknown[]) => {
    if (this.stopping)
      throw new TidingsError('TIDINGS_RUN_ENDED', `published after agent ${quote(this.agent)} was stopped`)
    const draft = snapshotDraft(toDraft(given))
    return acceptOne(draft, {}, this.#host)
  }

  /** Starts the parts of the agent. Calls `ready` when all are open, and before anything runs. */
  begin(ready?: () => void): Promise<void> {
    return this.#inTurn(() => this.#parts.add(partsOf(this.#agent), ready))
  }

  add(part: Part): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.add(part)
      this.#added = [...this.#added, part]
    })
  }

  // Two parts added at once may share a name, and parts that end can't be added to.
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async reload(): Promise<Reloaded> {
    const { load } = this.#host
    if (load === undefined)
      throw new TidingsError('TIDINGS_AGENT_INVALID', 'this program does not load its agent again')
    const done = this.#reload.then(() => this.#reloadNow(load))
    this.#reload = done.catch(() => undefined)
    return done
  }

  async #reloadNow(load: () => Promise<Agent>): Promise<Reloaded> {
    const { log, clock, environment } = this.#host
    try {
      const next = await this.#load(load)
      const changes = partChanges(this.#agent, next, await knownCursors(log))
      const loaded = new Date(clock.now())
      await this.#inTurn(() => this.#replace(next))
      this.#loaded = loaded
      const words = changes.map(({ part, name, change }) => `${change} ${part} ${name}`)
      environment.logger.info({ agent: this.agent, changes: words }, 'agent reloaded')
      const last = await log.last().catch(() => undefined)
      return { agent: this.agent, loaded: loaded.toISOString(), ...defined({ last }), changes }
    } catch (thrown) {
      const failure = reloadFailed(asError(thrown), this.#loaded, this.#host.scrub)
      environment.logger.error({ agent: this.agent, reason: failure.message }, 'agent not reloaded')
      throw failure
    }
  }

  // Checks the new code before anything of the old one stops.
  async #load(load: () => Promise<Agent>): Promise<Agent> {
    const next = checkLoaded(await load(), this.agent, this.#added)
    // While the log has failed, the parts could end, and none could begin.
    await this.#host.log.last()
    if (this.stopping) throw stopping()
    return next
  }

  async #replace(next: Agent): Promise<void> {
    const replaced = this.#replaceNow(next)
    this.#replacement = replaced.catch(() => undefined)
    try {
      await replaced
    } finally {
      this.#replacement = undefined
    }
  }

  async #replaceNow(next: Agent): Promise<void> {
    const { clock, environment } = this.#host
    environment.logger.info({ agent: this.agent }, 'reloading agent')
    await endsWithin(clock, GRACE, Promise.all(this.#steering))
    if (!this.stopping && !(await this.#parts.end('is reloaded')))
      environment.logger.warn({ agent: this.agent }, 'the log does not answer: the agent waits for it')
    try {
      await this.#beginParts(next, partsOf(next))
      this.#agent = next
    } catch (error) {
      if (this.stopping) throw error
      await this.#restore(next)
      throw error
    }
  }

  async #beginParts(agent: Agent, parts: readonly Part[]): Promise<void> {
    if (this.stopping) throw stopping()
    this.#parts = new RunningParts({ ...this.#host, agent, meters: this.meters })
    this.#replaced$.next()
    await this.#parts.add([...parts, ...this.#added])
  }

  // An agent without parts would be of no use: this tries until the log answers.
  async #restore(tried: Agent): Promise<void> {
    const { clock, environment } = this.#host
    const parts = takenBack(this.#agent, tried)
    await keepTrying(() => this.#beginParts(this.#agent, parts), {
      clock,
      stop: this.#stop.signal,
      shouldRetry: isTransient,
      onFailure: (err, wait) =>
        environment.logger.error({ agent: this.agent, err, wait }, 'agent has no running parts'),
    })
  }

  // Steers parts that stay until that is done.
  async #steer<T>(steer: (parts: RunningParts) => Promise<T>): Promise<T> {
    while (this.#replacement !== undefined) await this.#replacement
    const steered = steer(this.#parts)
    const settled = steered.catch(() => undefined)
    this.#steering.add(settled)
    void settled.then(() => this.#steering.delete(settled))
    return steered
  }

  async trigger(jobName: string): Promise<RunReport | undefined> {
    // Not while the parts end: a handler that waited here would hold that up.
    while (this.#replacement !== undefined) await this.#replacement
    return this.#parts.trigger(jobName)
  }

  status(): Promise<Status> {
    const { agent, stopping } = this
    return partsStatus({ agent, log: this.#host.log, running: !stopping }, this.#parts)
  }

  health(): Promise<Pick<Health, 'jobs' | 'listeners'>> {
    return partsHealth(this.#host.log, this.#parts)
  }

  async attention(): Promise<readonly Attention[]> {
    return attentionOf(this.#host.log, await this.health())
  }

  deliveries(listener: string, limit?: number, seq?: number): readonly DeliveryRow[] {
    return this.#parts.listener(listener)?.deliveries(limit, seq) ?? []
  }

  get changes$(): Observable<PartName> {
    return this.#replaced$.pipe(
      startWith(undefined),
      switchMap(() => this.#parts.changes$),
    )
  }

  scrub(text: string): string {
    return this.#host.scrub(text)
  }

  dryRun(job: Job): Promise<DryRun> {
    return dryRun(job, { ...this.#host, signal: this.#stop.signal })
  }

  held = (): ReturnType<AgentControl['held']> => this.#parts.held()
  pauseAsStored = (): Promise<void> => this.#parts.pauseAsStored()

  listeners(): readonly Listener[] {
    return this.#parts.listeners.map(({ listener }) => listener)
  }

  jobs(): readonly Job[] {
    return this.#parts.jobs.map(({ job }) => job)
  }

  job(name: string): RunningJob | undefined {
    const runner = this.#parts.job(name)
    if (runner === undefined) return undefined
    const reset = (): Promise<void> => this.#steer(async (parts) => present(parts.job(name), 'job', name).reset())
    return { job: runner.job, status: () => runner.status(), reset, abort: () => runner.abort() }
  }

  pause(kind: Pausable, name: string, paused: boolean): void {
    // The log has stored it: parts that begin from now on see it there.
    const apply = (parts: RunningParts): void => parts[kind](name)?.pause(paused)
    apply(this.#parts)
    if (this.#replacement !== undefined) void this.#steer(async (parts) => apply(parts))
  }

  listener(name: string): ListenerControl | undefined {
    const runner = this.#parts.control(name)
    if (runner === undefined) return undefined
    const steer = <T>(act: (found: ListenerControl) => Promise<T>): Promise<T> =>
      this.#steer(async (parts) => act(present(parts.control(name), 'listener', name)))
    return {
      ...defined({ types: runner.types, rate: runner.rate }),
      steer: (act) => steer((found) => found.steer(act)),
      move: (start, forgets) => steer((found) => found.move(start, forgets)),
      rename: (to) => steer((found) => found.rename(to)),
    }
  }

  async drained(): Promise<void> {
    for (let parts: RunningParts | undefined; parts !== this.#parts; ) {
      parts = this.#parts
      await parts.drained()
      // They are idle, or end: then the next ones have to be.
      if (!this.stopping) await this.#replacement
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #end(): Promise<void> {
    const { clock, environment, close } = this.#host
    this.#stop.abort(stopping())
    // From here on, no other parts can take the place of these.
    const answered = await this.#parts.end('stops')
    // A log that fails just now must not block the stop.
    if (answered) await endsWithin(clock, LAST, this.#live.caughtUp())
    this.#live.end()
    const closed = close()
    if (!answered || !(await endsWithin(clock, GRACE, closed))) {
      closed.catch(() => undefined)
      environment.logger.warn({ agent: this.agent }, 'the log does not answer: the agent stops without it')
    }
    environment.logger.info({ agent: this.agent }, 'agent stopped')
  }
}

function stopping(): TidingsError {
  return new TidingsError('TIDINGS_RUN_ENDED', 'the agent stops')
}
