import { lastValueFrom, of } from 'rxjs'
import { defined } from '../../core/defined.ts'
import { realEnvironment } from '../../core/environment.ts'
import { asError } from '../../core/errors.ts'
import type { Draft, Receipt, StoredEvent } from '../../core/event.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import { checkOptions } from '../../core/options.ts'
import { processSecrets, type Secrets, secretsOf } from '../../core/secrets.ts'
import { checkWorld, type World } from '../../core/world.ts'
import type { Job } from '../../job/job.ts'
import { readJob } from '../../job/job-record.ts'
import { runJob } from '../../job/run-job.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Listener } from '../../listener/listener.ts'
import { checkLog } from '../../log/check-log.ts'
import type { Log } from '../../log/port.ts'
import { typeTest } from '../../log/type-names.ts'
import { type Heard, hearOnce, type Trial } from './hear-once.ts'

export interface TryOutOptions {
  /** The log to read from and write to. */
  readonly log: Log
  /** A job to run once, now. */
  readonly job?: Job
  /** A listener for the events accepted meanwhile, and the stored events that `again` selects. */
  readonly listener?: Listener
  /** Delivers stored events once more. */
  readonly again?: AgainQuery
  /** Default silence. */
  readonly logger?: Logger
  /** The source of secrets; default this process's environment and files. */
  readonly secrets?: Secrets
  /** Replacements for parts of the world that the run and the handler use: `fetch`, `exec`, `now`, `secret`. */
  readonly world?: Partial<World>
  /** Aborts the run and the deliveries. */
  readonly signal?: AbortSignal
}

/** Selects stored events. */
export interface AgainQuery {
  /** The type of the events: a name, or a pattern with `*`; default all types. */
  readonly type?: string
  /** The identifier of the events; default all. */
  readonly identifier?: string
}

/** The outcome of a draft that the job or the listener published. */
export interface Published {
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** How the log accepted the draft. */
  readonly status: Receipt['status']
  /** The seq of the event: the new one, or the one that a duplicate repeats. */
  readonly seq: number
}

/** What happened in a trial. */
export interface TryOutReport {
  /** How the job ran; absent without a job, and when its slot was already settled because the clock went back. */
  readonly run?: RunReport
  /** What the job and the listener published. */
  readonly published: readonly Published[]
  /** The deliveries to the listener. */
  readonly heard: readonly Heard[]
  /** How many stored events `again` has selected. */
  readonly again: number
  /** How many of those the listener does not listen on. */
  readonly unheard: number
}

const KNOWN: { readonly [K in keyof Required<TryOutOptions>]: true } = {
  again: true,
  job: true,
  listener: true,
  log: true,
  logger: true,
  secrets: true,
  signal: true,
  world: true,
}

/**
 * Tries a job, a listener or both on a log: the job runs once, the listener receives each event once and leaves no
 * cursor behind. There are no retries: a failure is in the report.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for an unknown option
 *
 * @example
 * ```ts
 * import { eventType, job, listener, manual, memoryLog, on, tryOut } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * const hello = job('hello', manual(), () => greeting('123', { payload: 'hello' }))
 * const print = listener('print', on(greeting), (event) => console.log(event.data.payload))
 * const { heard } = await tryOut({ log: await memoryLog(), job: hello, listener: print })
 * console.log(heard.length)
 * ```
 */
export async function tryOut(options: TryOutOptions): Promise<TryOutReport> {
  checkOptions(options, KNOWN, 'TIDINGS_AGENT_INVALID', 'of tryOut()')
  const { job, listener, again } = options
  if (again !== undefined)
    checkOptions(again, { type: true, identifier: true }, 'TIDINGS_AGENT_INVALID', 'of again of tryOut()')
  checkLog(options.log, 'tryOut()')
  const published: Published[] = []
  const log = watched(options.log, ({ type, identifier }, { status, seq }) =>
    published.push({ type, identifier, status, seq }),
  )
  const { logger = silentLogger, world, signal = new AbortController().signal } = options
  if (world !== undefined) checkWorld(world, 'TIDINGS_AGENT_INVALID', 'of tryOut()')
  const secrets = secretsOf(world, options.secrets ?? processSecrets())
  const { clock } = log
  const host = { log, clock, environment: realEnvironment(clock, logger, secrets, world), scrub: secrets.scrub, signal }
  // Selected before the job runs: the listener receives what the job publishes anyway.
  const found = again === undefined ? [] : await stored(log, again)
  const heardAgain = found.filter(({ type }) => typeTest(listener?.source.types)(type))
  const work = async (): Promise<RunReport | undefined> => (job === undefined ? undefined : runNow(job, host))
  const { result: run, heard } =
    listener === undefined ? { result: await work(), heard: [] } : await hearOnce(listener, heardAgain, host, work)
  return {
    ...defined({ run }),
    published,
    heard,
    again: found.length,
    unheard: found.length - heardAgain.length,
  }
}

async function runNow(job: Job, trial: Trial): Promise<RunReport | undefined> {
  const { log, clock, signal } = trial
  const stop = new AbortController()
  const interrupted = (): void => stop.abort(asError(signal.reason))
  signal.addEventListener('abort', interrupted, { once: true })
  // A trial shows what the job publishes, so nothing is held.
  const once = { ...job, settings: { ...job.settings, enabled: false, retry: 0, jitter: 0, flood: false as const } }
  let report: RunReport | undefined
  const ended = (last: RunReport | undefined): void => {
    report = last
    // Also ends the wait for a retry that the run may have requested.
    stop.abort()
  }
  const host = { ...trial, stop: stop.signal, abort: signal, began: () => undefined, ended }
  const now = { at: new Date(clock.now()), ended }
  const record = await readJob(log, job, clock.now())
  await lastValueFrom(
    runJob(once, () => record, of(now), host),
    { defaultValue: undefined },
  )
  signal.removeEventListener('abort', interrupted)
  return report
}

async function stored(log: Log, { type, identifier }: AgainQuery): Promise<StoredEvent[]> {
  const query = {
    ...(type === undefined ? {} : { types: [type] }),
    ...(identifier === undefined ? {} : { where: (event: StoredEvent) => event.identifier === identifier }),
  }
  const events: StoredEvent[] = []
  for await (const event of log.events(query)) events.push(event)
  return events
}

/** The same log, which reports every draft that it accepts to `seen`. */
function watched(log: Log, seen: (draft: Draft, receipt: Receipt) => void): Log {
  const accept: Log['accept'] = async (drafts, origin) => {
    const receipts = await log.accept(drafts, origin)
    for (const [i, draft] of drafts.entries()) seen(draft, receipts[i] as Receipt)
    return receipts
  }
  return new Proxy(log, {
    get(target, name) {
      const member: unknown = name === 'accept' ? accept : Reflect.get(target, name, target)
      return typeof member === 'function' ? (member as () => unknown).bind(target) : member
    },
  })
}
