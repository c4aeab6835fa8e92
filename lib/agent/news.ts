import type { Clock } from '../core/clock.ts'
import { type ErrorInfo, errorInfo } from '../core/error-info.ts'
import { asError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import { ownDraft } from '../core/own.ts'
import { refuseLoop } from '../dispatch/hops.ts'
import type { RunReport } from '../job/job-host.ts'
import type { Handed, Log } from '../log/port.ts'

/** So many failures in a row are news. */
const FAILURES = 3

/**
 * A job is silent when it has told nothing for four times the longest of its last 50 gaps, and an hour at least; with
 * fewer than ten gaps nobody can say what is usual.
 */
const SILENT = { gaps: 50, fewest: 10, times: 4, least: 3_600_000 }

/** What is remembered of a job, in the log: restarts are no excuse. */
interface JobMemory {
  /** Failures in a row, and the slot of the first. */
  readonly failures: number
  readonly since?: string
  /** When it last told something, and the gaps between such times before, in ms. */
  readonly toldAt?: number
  readonly gaps: readonly number[]
  readonly silent?: boolean
}

/** What news needs of an agent. */
export interface NewsHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: { readonly logger: Logger }
  /** Takes known secrets out of what is told. */
  scrub(text: string): string
}

interface Told {
  readonly memory: JobMemory
  readonly news: Draft[]
}

/** The engine's own news: events about jobs and listeners, for listeners to hear like any other. */
export class News {
  readonly #log: Log
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #scrub: (text: string) => string
  // One after another, so that no two runs read the same memory.
  #told: Promise<void> = Promise.resolve()

  constructor({ log, clock, environment, scrub }: NewsHost) {
    this.#log = log
    this.#clock = clock
    this.#logger = environment.logger
    this.#scrub = scrub
  }

  /** A run has ended. */
  ran(report: RunReport): void {
    this.#tell(async () => {
      const memories = this.#log.store('tidings/news')
      const known = (await memories.get<JobMemory>(report.job))?.value ?? { failures: 0, gaps: [] }
      const { memory, news } = afterRun(known, report, this.#clock.now(), this.#scrub)
      const state = [{ namespace: 'tidings/news', key: report.job, value: { ...memory } }]
      if (news.length > 0 || JSON.stringify(memory) !== JSON.stringify(known)) await this.#log.accept(news, { state })
    })
  }

  /** An event was set aside. Told as following from that event: news about news about news ends somewhere. */
  parked(listener: string, { event, attempt }: Handed, error: ErrorInfo): void {
    this.#tell(async () => {
      await refuseLoop(this.#log, event)
      const { seq, type, identifier } = event
      const { name, message, code } = error
      const data = {
        listener,
        seq,
        type,
        identifier,
        attempts: attempt,
        error: { name, message, ...(code === undefined ? {} : { code }) },
      }
      const at = new Date(this.#clock.now()).toISOString()
      await this.#log.accept([ownDraft('tidings.listener.parked', `${listener} ${seq} ${at}`, data)], { cause: seq })
    })
  }

  /** Resolves when all news so far is in the log. */
  settled(): Promise<void> {
    return this.#told
  }

  #tell(tell: () => Promise<void>): void {
    this.#told = this.#told.then(tell).catch((error) => {
      this.#logger.warn({ err: asError(error) }, 'news could not be told')
    })
  }
}

/** What is remembered after a run, and what is news about it. */
function afterRun(known: JobMemory, report: RunReport, now: number, scrub: NewsHost['scrub']): Told {
  const news: Draft[] = []
  const { job, slot, error } = report
  let memory = known
  if (error !== undefined) {
    const since = known.since ?? slot.toISOString()
    memory = { ...memory, failures: known.failures + 1, since }
    if (memory.failures === FAILURES) {
      const { name, message } = errorInfo(error, scrub)
      news.push(
        ownDraft('tidings.job.failed', `${job} ${since}`, { job, failures: FAILURES, since, error: { name, message } }),
      )
    }
  } else if (known.failures > 0) {
    const { since, failures, ...rest } = memory
    memory = { ...rest, failures: 0 }
    if (failures >= FAILURES) news.push(ownDraft('tidings.job.recovered', `${job} ${since}`, { job, failures, since }))
  }
  return report.new + report.changed > 0 ? { memory: spoke(memory, now), news } : heardNothing(memory, job, now, news)
}

function spoke({ silent: _, ...memory }: JobMemory, now: number): JobMemory {
  const gap = memory.toldAt === undefined ? [] : [now - memory.toldAt]
  return { ...memory, toldAt: now, gaps: [...memory.gaps, ...gap].slice(-SILENT.gaps) }
}

function heardNothing(memory: JobMemory, job: string, now: number, news: Draft[]): Told {
  const { gaps, toldAt, silent } = memory
  if (silent === true || toldAt === undefined || gaps.length < SILENT.fewest) return { memory, news }
  const usual = Math.max(...gaps)
  const gap = now - toldAt
  if (gap <= Math.max(SILENT.times * usual, SILENT.least)) return { memory, news }
  const since = new Date(toldAt).toISOString()
  const draft = ownDraft('tidings.job.silent', `${job} ${since}`, { job, since, gap, longestBefore: usual })
  return { memory: { ...memory, silent: true }, news: [...news, draft] }
}
