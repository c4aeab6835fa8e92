import type { Clock } from '../../core/clock.ts'
import { engineDraft } from '../../core/engine-types.ts'
import { type ErrorInfo, errorInfo } from '../../core/error-info.ts'
import { asError, hasCode } from '../../core/errors.ts'
import type { Draft } from '../../core/event.ts'
import { isTransient, keepTrying } from '../../core/keep-trying.ts'
import type { Logger } from '../../core/logger.ts'
import { HOUR } from '../../core/time-units.ts'
import type { HandlerCall } from '../../dispatch/handler-calls.ts'
import type { RunProgress } from '../../job/job-host.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Handed, Log, Writes } from '../../log/port.ts'
import { Announcements, type AnnouncementsHost } from './announcements.ts'

/** `tidings.job.failed` follows so many failures in a row. */
const FAILURES = 3

/**
 * A job is silent when it has published nothing for four times the longest of its last 50 gaps, and for at least an
 * hour; with fewer than ten gaps, the usual gap is unknown.
 */
const SILENT = { gaps: 50, fewest: 10, times: 4, least: HOUR }

/** The store of the memories, by job name. */
const MEMORIES = 'tidings/news'

/** What the log remembers of a job, so that counts and gaps survive restarts. */
export interface JobMemory {
  /** How many runs have failed in a row. */
  readonly failures: number
  /** The slot of the first of them. */
  readonly since?: string
  /**
   * The last run that changed any of this: a failed write may be stored nevertheless, and must not count the run twice.
   */
  readonly run?: string
  /** When the job last published something, in ms since the epoch. */
  readonly toldAt?: number
  /** The gaps between earlier such times, in ms, oldest first. */
  readonly gaps: readonly number[]
  /** Whether its present silence was announced. */
  readonly silent?: boolean
}

/** What the log remembers of all jobs, by name. */
export async function jobMemories(log: Log): Promise<ReadonlyMap<string, JobMemory>> {
  const memories = new Map<string, JobMemory>()
  for await (const { key, value } of log.store(MEMORIES).list<JobMemory>()) memories.set(key, value)
  return memories
}

/** What the engine's own events need from an agent. */
export interface EngineEventsHost extends AnnouncementsHost {
  /** Removes known secrets from published text. */
  scrub(text: string): string
}

/** What follows from a run: the memory of its job, the same object if nothing changes, and the events to publish with it. */
interface Consequence {
  readonly memory: JobMemory
  readonly events: readonly Draft[]
}

/** The engine's own events, about jobs and listeners. Listeners receive them like any other. */
export class EngineEvents {
  readonly #log: Log
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #scrub: (text: string) => string
  readonly #stop: AbortSignal
  readonly #announcements: Announcements
  // One after the other, so that no two runs read the same memory.
  #recorded: Promise<void> = Promise.resolve()

  constructor(host: EngineEventsHost) {
    const { log, clock, environment, scrub, stop } = host
    this.#stop = stop
    this.#announcements = new Announcements(host)
    this.#log = log
    this.#clock = clock
    this.#logger = environment.logger
    this.#scrub = scrub
  }

  /** Records that a run has ended. `published`: whether it has just published something. */
  runEnded(report: RunReport, published: boolean): void {
    // A person has ended it, and knows.
    if (hasCode(report.error, 'TIDINGS_RUN_ABORTED')) return
    const { job } = report
    const now = this.#clock.now()
    const observed = { job, now, ...(published ? { lastAcceptedAt: now } : {}) }
    const run = `${report.slot.toISOString()}#${report.attempt} ${report.began.toISOString()}`
    this.#remember(job, (known) => {
      if (known.run === run) return { memory: known, events: [] }
      const failures = afterRun(known, report, this.#scrub)
      const silence = afterObservation(failures.memory, observed)
      // Most runs change nothing. Counted twice, they still would not, so they need no write.
      const memory = silence.memory === known ? known : { ...silence.memory, run }
      return { memory, events: [...failures.events, ...silence.events] }
    })
  }

  /** Records how a run of `always()` progresses. */
  runProgressed(job: string, progress: RunProgress): void {
    const observed = { job, ...progress, now: this.#clock.now() }
    this.#remember(job, (known) => afterObservation(known, observed))
  }

  #remember(job: string, follow: (known: JobMemory) => Consequence): void {
    this.#record(async () => {
      const known = (await this.#log.store(MEMORIES).get<JobMemory>(job))?.value ?? { failures: 0, gaps: [] }
      const { memory, events } = follow(known)
      if (memory === known) return
      await this.#log.accept(events, { state: [{ namespace: MEMORIES, key: job, value: { ...memory } }] })
    })
  }

  /** Returns the writes that go into the commit that parks an event; call `parked` afterwards. */
  parking(listener: string, handed: Handed, error: ErrorInfo, calls: readonly HandlerCall[]): Writes {
    const scrubbed = calls.map((call) => ({ ...call, host: this.#scrub(call.host) }))
    return this.#announcements.parking(listener, handed, error, scrubbed)
  }

  /** Announces the events that a listener has parked. `flush` resolves when the parking is durable. */
  parked(listener: string, flush: () => Promise<void>): void {
    this.#announcements.parked(listener, flush)
  }

  /** Announces the parked events whose announcements an earlier process left pending. */
  announcePending(): void {
    this.#announcements.announce()
  }

  /** Resolves when all events so far are in the log, or can't be. */
  settled(): Promise<void> {
    return this.#recorded.then(() => this.#announcements.settled())
  }

  #record(record: () => Promise<void>): void {
    const trying = { clock: this.#clock, stop: this.#stop, shouldRetry: isTransient }
    this.#recorded = this.#recorded
      .then(() => keepTrying(record, trying))
      .catch((error) => {
        this.#logger.warn({ err: asError(error) }, 'engine event could not be published')
      })
  }
}

/** What follows from the success or failure of a run. */
function afterRun(known: JobMemory, { job, slot, error }: RunReport, scrub: EngineEventsHost['scrub']): Consequence {
  if (error !== undefined) {
    const since = known.since ?? slot.toISOString()
    const memory = { ...known, failures: known.failures + 1, since }
    if (memory.failures !== FAILURES) return { memory, events: [] }
    const { name, message } = errorInfo(error, scrub)
    const data = { job, failures: FAILURES, since, error: { name, message } }
    return { memory, events: [engineDraft('tidings.job.failed', `${job} ${since}`, data)] }
  }
  const { since, failures, ...rest } = known
  if (failures === 0) return { memory: known, events: [] }
  const memory = { ...rest, failures: 0 }
  if (failures < FAILURES) return { memory, events: [] }
  return { memory, events: [engineDraft('tidings.job.recovered', `${job} ${since}`, { job, failures, since })] }
}

/** What was observed of a job at `now`: its progress in a run of `always()`, or whether a run has published. */
interface Observation extends Partial<RunProgress> {
  readonly job: string
  readonly now: number
}

/** What follows from an observation: a job that has published nothing for long is silent. */
function afterObservation(
  known: JobMemory,
  { job, lastAcceptedAt, now, elapsed = Number.POSITIVE_INFINITY }: Observation,
): Consequence {
  const { silent, ...memory } = known
  const { gaps, toldAt } = memory
  if (lastAcceptedAt !== undefined) {
    const all = toldAt === undefined ? gaps : [...gaps, lastAcceptedAt - toldAt].slice(-SILENT.gaps)
    return { memory: { ...memory, toldAt: lastAcceptedAt, gaps: all }, events: [] }
  }
  if (silent === true || toldAt === undefined || gaps.length < SILENT.fewest) return { memory: known, events: [] }
  const gap = now - toldAt
  const usual = Math.max(...gaps)
  // After a restart, a source that pushes gets its usual gap before it counts as silent.
  if (elapsed < usual || gap <= Math.max(SILENT.times * usual, SILENT.least)) return { memory: known, events: [] }
  const since = new Date(toldAt).toISOString()
  const data = { job, since, gap, longestBefore: usual }
  return { memory: { ...memory, silent: true }, events: [engineDraft('tidings.job.silent', `${job} ${since}`, data)] }
}
