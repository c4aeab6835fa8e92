import type { Clock } from '../../core/clock.ts'
import { engineDraft } from '../../core/engine-events.ts'
import { type ErrorInfo, errorInfo } from '../../core/error-info.ts'
import { asError } from '../../core/errors.ts'
import type { Draft } from '../../core/event.ts'
import type { Logger } from '../../core/logger.ts'
import { isTransient, persist } from '../../core/persist.ts'
import type { RunProgress } from '../../job/job-host.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Handed, Log, Writes } from '../../log/port.ts'
import { Announcements } from './announcements.ts'

/** How many failures in a row are news. */
const FAILURES = 3

/**
 * A job is silent when it has published nothing for four times the longest of its last 50 gaps, and for at least an
 * hour; with fewer than ten gaps, the usual gap is unknown.
 */
const SILENT = { gaps: 50, fewest: 10, times: 4, least: 3_600_000 }

/** The store of the memories, by job name. */
const MEMORIES = 'tidings/news'

/** What the log remembers of a job, so that counts and gaps survive restarts. */
interface JobMemory {
  /** Failures in a row, and the slot of the first. */
  readonly failures: number
  readonly since?: string
  /** The last run counted: a failed write may be stored nevertheless, and must not count the run twice. */
  readonly run?: string
  /** When the job last published something, and the previous gaps between such times, in ms. */
  readonly toldAt?: number
  readonly gaps: readonly number[]
  readonly silent?: boolean
}

/** What the news need from an agent. */
export interface EngineEventsHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: { readonly logger: Logger }
  /** Aborts when the agent stops: then the news no longer wait for a log that fails. */
  readonly stop: AbortSignal
  /** Removes known secrets from published text. */
  scrub(text: string): string
}

interface Told {
  readonly memory: JobMemory
  readonly news: Draft[]
}

/** The engine's own news: events about jobs and listeners, which listeners receive like any other. */
export class EngineEvents {
  readonly #log: Log
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #scrub: (text: string) => string
  readonly #stop: AbortSignal
  readonly #announcements: Announcements
  // Serialized, so that no two runs read the same memory.
  #told: Promise<void> = Promise.resolve()

  constructor(host: EngineEventsHost) {
    const { log, clock, environment, scrub, stop } = host
    this.#stop = stop
    this.#announcements = new Announcements(host)
    this.#log = log
    this.#clock = clock
    this.#logger = environment.logger
    this.#scrub = scrub
  }

  /** Records that a run has ended. `told`: whether it has just published something. */
  ran(report: RunReport, told: boolean): void {
    const { job } = report
    const now = this.#clock.now()
    const heard = { job, now, ...(told ? { lastAcceptedAt: now } : {}) }
    const run = `${report.slot.toISOString()}#${report.attempt} ${report.began.toISOString()}`
    this.#remember(job, (known) => {
      if (known.run === run) return { memory: known, news: [] }
      const { memory, news } = afterRun({ ...known, run }, report, this.#scrub)
      const after = afterSilence(memory, heard)
      return { memory: after.memory, news: [...news, ...after.news] }
    })
  }

  /** Observes a run that is meant never to end. */
  progressed(job: string, progress: RunProgress): void {
    const heard = { job, ...progress, now: this.#clock.now() }
    this.#remember(job, (known) => afterSilence(known, heard))
  }

  #remember(job: string, learn: (known: JobMemory) => Told): void {
    this.#tell(async () => {
      const known = (await this.#log.store(MEMORIES).get<JobMemory>(job))?.value ?? { failures: 0, gaps: [] }
      const { memory, news } = learn(known)
      const state = [{ namespace: MEMORIES, key: job, value: { ...memory } }]
      if (news.length > 0 || JSON.stringify(memory) !== JSON.stringify(known)) await this.#log.accept(news, { state })
    })
  }

  /** Returns the writes that go into the commit that parks an event; call `parked` afterwards. */
  parking(listener: string, handed: Handed, error: ErrorInfo): Writes {
    return this.#announcements.parking(listener, handed, error)
  }

  /** Announces the events that a listener has parked. `flush` resolves when the parking is durable. */
  parked(listener: string, flush: () => Promise<void>): void {
    this.#announcements.parked(listener, flush)
  }

  /** Publishes the news that an earlier process left pending. */
  begin(): void {
    this.#announcements.begin()
  }

  /** Resolves when all news so far is in the log. */
  settled(): Promise<void> {
    return this.#told.then(() => this.#announcements.settled())
  }

  #tell(tell: () => Promise<void>): void {
    const trying = { clock: this.#clock, stop: this.#stop, worth: isTransient }
    this.#told = this.#told
      .then(() => persist(tell, trying))
      .catch((error) => {
        this.#logger.warn({ err: asError(error) }, 'news could not be told')
      })
  }
}

/** The memory after a successful or failed run, and the resulting news. */
function afterRun(known: JobMemory, { job, slot, error }: RunReport, scrub: EngineEventsHost['scrub']): Told {
  if (error !== undefined) {
    const since = known.since ?? slot.toISOString()
    const memory = { ...known, failures: known.failures + 1, since }
    if (memory.failures !== FAILURES) return { memory, news: [] }
    const { name, message } = errorInfo(error, scrub)
    const data = { job, failures: FAILURES, since, error: { name, message } }
    return { memory, news: [engineDraft('tidings.job.failed', `${job} ${since}`, data)] }
  }
  const { since, failures, ...rest } = known
  if (failures === 0) return { memory: known, news: [] }
  const memory = { ...rest, failures: 0 }
  if (failures < FAILURES) return { memory, news: [] }
  return { memory, news: [engineDraft('tidings.job.recovered', `${job} ${since}`, { job, failures, since })] }
}

/** When a job published something, if it did. `elapsed`: how long a run in progress has lasted, in ms. */
interface Heard extends Partial<RunProgress> {
  readonly job: string
  readonly now: number
}

/** The memory of when a job published something, and its silence, if that is news. */
function afterSilence(known: JobMemory, { job, lastAcceptedAt, now, elapsed = Number.POSITIVE_INFINITY }: Heard): Told {
  const { silent, ...memory } = known
  const { gaps, toldAt } = memory
  if (lastAcceptedAt !== undefined) {
    const all = toldAt === undefined ? gaps : [...gaps, lastAcceptedAt - toldAt].slice(-SILENT.gaps)
    return { memory: { ...memory, toldAt: lastAcceptedAt, gaps: all }, news: [] }
  }
  if (silent === true || toldAt === undefined || gaps.length < SILENT.fewest) return { memory: known, news: [] }
  const gap = now - toldAt
  const usual = Math.max(...gaps)
  // After a restart, a source that pushes gets its usual gap before it counts as silent.
  if (elapsed < usual || gap <= Math.max(SILENT.times * usual, SILENT.least)) return { memory: known, news: [] }
  const since = new Date(toldAt).toISOString()
  const data = { job, since, gap, longestBefore: usual }
  return { memory: { ...memory, silent: true }, news: [engineDraft('tidings.job.silent', `${job} ${since}`, data)] }
}
