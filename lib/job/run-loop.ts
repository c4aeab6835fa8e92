import { type Clock, pause } from '../core/clock.ts'
import { type Cancel, isRetry, retryAfter } from '../core/control.ts'
import { defined } from '../core/defined.ts'
import type { Environment } from '../core/environment.ts'
import { asError, hasCode, quote, TidingsError } from '../core/errors.ts'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import { execWithin } from '../core/exec.ts'
import { guardSignal } from '../core/guard-signal.ts'
import { Publisher } from '../core/publisher.ts'
import { linkStop, Stop, type Stopping } from '../core/stop.ts'
import { withTimeLimit } from '../core/time-limit.ts'
import type { Tracing } from '../core/tracing.ts'
import type { KeyValue, Query, Writes } from '../log/port.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import type { Job, JobContext } from './job.ts'
import { type DraftGuard, runFunction } from './run-function.ts'
import { type Counts, type RunReport, successOf } from './run-report.ts'
import { dueAt, type Slot } from './slots.ts'

/**
 * The run loop: how a slot becomes attempts, and attempts a report. Every run goes through it: those of the schedule,
 * those by hand, and those of `drafts()` and `runOnce()`, which have no log.
 *
 * ```
 *   slot ──► claim ──► wait until `notBefore` ──► attempt ──► report ──► over? ── yes ──► end
 *              │                                     ▲                     │
 *              └─► undefined: nothing runs           └────── pause ◄───────┘ no
 * ```
 *
 * - A slot is over when an attempt succeeds, or fails with no retry left. A run of `always()` is over only when
 *   something ends it: it starts again however it ended (decision 0024).
 * - `ends` prevent further attempts, and let the current one finish. `replaced` and `abort` cut it off as well.
 * - An attempt that is cut off fails. An attempt that is asked to end (`ends`, for `always()`) and does so succeeds.
 * - No state is stored ahead of the drafts published before it. The last returned draft, the state and the completion
 *   of the slot are stored in one step (decision 0016).
 * - Every error of an attempt is in its report. The loop rejects only when `claim` or `end` does.
 */
export async function runSlot(
  job: Job,
  slot: Slot,
  host: SlotHost,
  replaced: Stopping,
): Promise<RunReport | undefined> {
  const ends = host.ends(slot)
  if (ends.some(({ aborted }) => aborted)) return undefined
  const claimed = await host.claim(slot, replaced)
  if (claimed === undefined) return undefined
  const stop = new Stop()
  const unlink = linkStop(stop, [replaced, host.abort, ...ends])
  const { report, over } = await makeAttempts(job, { slot, claimed, replaced, stop, ends }, host).finally(unlink)
  await claimed.end?.(report, over)
  return report
}

/** What the loop needs, apart from the slot. */
export interface SlotHost {
  /** The time source. */
  readonly clock: Clock
  /** The parts of a run's context that come from outside. They replace the loop's own. */
  readonly context: Environment & Partial<JobContext>
  /** Aborts when current attempts must end. */
  readonly abort: Stopping
  /** Traces the attempts. Default: none does. */
  readonly tracing?: Tracing | undefined
  /** Aborts when a person ends the attempts that run now. Asked when an attempt begins. Default: never. */
  abortOnRequest?(): Stopping | undefined
  /** The signals that prevent further attempts at this slot. */
  ends(slot: Slot): readonly Stopping[]
  /** Takes the slot. Undefined: there is nothing to run. */
  claim(slot: Slot, replaced: Stopping): Promise<ClaimedSlot | undefined>
  /** Starts an attempt when no other is running. Default: at once. */
  turn?<T>(attempt: () => Promise<T>): Promise<T>
  /** Called when the slot starts to wait for an attempt. Returns a function to call when the wait is over. */
  waits?(): () => void
}

/** A slot that may run now, and the record of its attempts. */
export interface ClaimedSlot {
  /** The slot that the run sees: a requested run may get another instant than it asked for. */
  readonly at: Date
  /** The number of the next attempt, from 1. Earlier ones count towards `retry`. */
  readonly attempt: number
  /** An attempt begins, so many ms after the slot was due. */
  begin(attempt: number, late: number): Outlet
  /** An attempt ended. `wait`: the time until the next one, in ms; undefined if it was the last. */
  ended(report: RunReport, wait: number | undefined): void
  /** The slot waits for another attempt, due `at` (ms since the epoch). */
  retried?(report: RunReport, at: number): Promise<void>
  /** No more attempts. `over`: none is wanted; false if the slot should run again later. */
  end?(report: RunReport | undefined, over: boolean): Promise<void>
}

/** Where one attempt publishes its drafts and keeps its state: a log, or the subscriber of `drafts()`. */
export interface Outlet {
  /** The stored state, which the attempt sees beneath its own writes. */
  readonly stored: Pick<KeyValue, 'get'>
  /** The namespace of the state. */
  readonly namespace: string
  /** How many drafts were accepted so far. */
  readonly counts: Counts
  /** Judges the drafts that the run returns; absent: all are offered. */
  readonly guard?: DraftGuard | undefined
  /** The stored events that the run may read. */
  events(query?: Query): AsyncIterable<StoredEvent>
  /** Takes a draft; rejects if it is invalid. */
  offer(draft: Draft): Promise<Receipt>
  /** Stores state in the middle of the run (decision 0045). */
  save(state: Writes): Promise<void>
  /** Stores the last draft, the state and the success of the attempt in one step. */
  finish(last: Draft | undefined, state: Writes, end: RunSuccess): Promise<void>
  /**
   * Resolves to the success that `finish` has stored, for an attempt that does not know: `finish` failed, since its answer
   * was lost, or the attempt was cut off before the answer came. Undefined: nothing is stored. Absent: `finish` is certain.
   */
  success?(): Promise<RunSuccess | undefined>
  /** Stores the drafts of a failed attempt that the guard holds. */
  fail?(): Promise<void>
}

/** A successful attempt. */
export interface RunSuccess extends Pick<RunReport, 'began' | 'late' | 'ms'> {
  /** Thrown by a run that cancels its job. */
  readonly cancel: Cancel | undefined
}

interface Attempts {
  readonly slot: Slot
  readonly claimed: ClaimedSlot
  readonly replaced: Stopping
  /** Aborts when no more attempts may begin. */
  readonly stop: Stop
  readonly ends: readonly Stopping[]
}

/** An attempt, and the time until the next one, in ms; undefined if none is wanted. */
interface Attempted {
  readonly report: RunReport
  readonly wait: number | undefined
}

interface AttemptsEnd {
  /** The report of the last attempt; undefined if none was made. */
  readonly report: RunReport | undefined
  /** False if `stop` prevented an attempt. */
  readonly over: boolean
}

async function makeAttempts(job: Job, attempts: Attempts, host: SlotHost): Promise<AttemptsEnd> {
  const { slot, claimed, replaced, stop, ends } = attempts
  const { clock, context, abort } = host
  const wait = async (ms: number): Promise<void> => {
    const done = host.waits?.()
    await pause(clock, ms, stop)
    done?.()
  }
  const endless = isEndless(job, slot)
  let pauses = claimed.attempt - 1
  const once = async (attempt: number): Promise<Attempted | undefined> => {
    if (stop.aborted) return undefined
    const given = { ...slot, at: claimed.at }
    const late = Math.max(0, clock.now() - dueAt(job, given))
    const outlet = claimed.begin(attempt, late)
    const asked = job.schedule.kind === 'always' ? ends : []
    const requested = host.abortOnRequest?.()
    const attempted = { slot: given, attempt, late, outlet, clock, context, replaced, abort, asked }
    const ran = await tracedRun(job, { ...attempted, ...defined({ requested }) }, host.tracing)
    // A run that lasted this long was healthy, so the pauses start over.
    pauses = ran.ms > healthyAfter(endless, pauses) ? 1 : pauses + 1
    const isOver = ran.error === undefined && (!endless || stop.aborted)
    const wait = isOver ? undefined : pauseAfter(job, ran, pauses, endless)
    claimed.ended(ran, stop.aborted ? undefined : wait)
    return { report: ran, wait }
  }
  const early = (slot.notBefore ?? 0) - clock.now()
  if (early > 0) await wait(early)
  let report: RunReport | undefined
  for (let attempt = claimed.attempt; !stop.aborted; attempt++) {
    const ran = await (host.turn === undefined ? once(attempt) : host.turn(() => once(attempt)))
    if (ran === undefined) break
    report = ran.report
    if (ran.wait === undefined || (report.error === undefined && stop.aborted)) return { report, over: true }
    await claimed.retried?.(report, clock.now() + ran.wait)
    await wait(ran.wait)
  }
  return { report, over: false }
}

/** The pauses between attempts, in ms: they double from `first` up to `last`. */
const PAUSE = { first: 1000, last: 600_000 }

// A run of `always()` restarts whenever it ends, except a manual one, whose requester waits for its end.
function isEndless({ schedule }: Job, { byHand }: Slot): boolean {
  return schedule.kind === 'always' && byHand !== true
}

// A run of `always()` counts as healthy once it has lasted longer than the pause before it.
function healthyAfter(endless: boolean, pauses: number): number {
  return endless ? nthPause(pauses) : PAUSE.last
}

function nthPause(pauses: number): number {
  return Math.min(PAUSE.first * 2 ** (pauses - 1), PAUSE.last)
}

// Retries without limit if the run threw `Retry` or is endless; otherwise up to `settings.retry` times (decision 0010). A
// slot that a person has ended is over.
function pauseAfter(
  { settings }: Job,
  { error, attempt }: RunReport,
  pauses: number,
  endless: boolean,
): number | undefined {
  if (!endless && hasCode(error, 'TIDINGS_RUN_ABORTED')) return undefined
  if (isRetry(error)) return retryAfter(error) ?? nthPause(pauses)
  if (!endless && attempt > settings.retry) return undefined
  return nthPause(pauses)
}

/** One attempt at a slot. */
export interface RunAttempt extends Pick<SlotHost, 'clock' | 'context' | 'abort'> {
  /** The slot it runs for. */
  readonly slot: Slot
  /** Its number, from 1. */
  readonly attempt: number
  /** How late it begins, in ms, without the jitter. */
  readonly late: number
  /** Where its drafts and its state go. */
  readonly outlet: Outlet
  /** Aborts when another slot takes its place. */
  readonly replaced?: Stopping
  /** Aborts when a person ends it. */
  readonly requested?: Stopping
  /** Signals that ask the run to end: a run that then ends has succeeded. */
  readonly asked?: readonly Stopping[]
}

async function tracedRun(job: Job, given: RunAttempt, tracing: Tracing | undefined): Promise<RunReport> {
  if (tracing === undefined) return runAttempt(job, given)
  const { slot, attempt, late } = given
  const facts = { 'tidings.job': job.name, 'tidings.slot': slot.at.toISOString(), 'tidings.attempt': attempt }
  const span = tracing.begin({
    name: `job ${job.name}`,
    kind: 'internal',
    attributes: { ...facts, 'tidings.late': late },
  })
  const report = await span.within(() => runAttempt(job, given))
  const { status, new: fresh, changed, duplicate, error } = report
  const counts = { 'tidings.new': fresh, 'tidings.changed': changed, 'tidings.duplicate': duplicate }
  span.end({ error, attributes: { 'tidings.status': status, ...counts } })
  return report
}

/** Makes one attempt; never rejects. */
export async function runAttempt(job: Job, given: RunAttempt): Promise<RunReport> {
  const { clock, slot, attempt, late, outlet, replaced, abort, requested } = given
  const { timeout } = job.settings
  const start = clock.now()
  const began = new Date(start)
  const times = (): Pick<RunReport, 'began' | 'late' | 'ms'> => ({ began, late, ms: clock.now() - start })
  const report = (end: Pick<RunReport, 'status' | 'error' | 'reason'>): RunReport => ({
    job: job.name,
    slot: slot.at,
    attempt,
    ...times(),
    ...outlet.counts,
    ...end,
  })
  let timeUp = false
  const tooLate = (): Error => {
    timeUp = true
    return timedOut(job)
  }
  const signals = [replaced, abort, requested].filter((each) => each !== undefined)
  try {
    const cancel = await withTimeLimit({ clock, timeout, signals, late: tooLate }, (over) =>
      runInContext(job, given, over, times),
    )
    return report(successOf(cancel))
  } catch (error) {
    const success = await outlet.success?.()
    if (success !== undefined) return report(successOf(success.cancel))
    const cutOff = timeUp || abort.aborted || requested?.aborted === true
    const status = replaced?.aborted === true ? 'replaced' : cutOff ? 'abandoned' : 'failed'
    return report({ status, error: asError(error) })
  }
}

// `over` aborts when the attempt is cut off, and once it has ended.
function runInContext(
  job: Job,
  { slot, attempt, late, outlet, context: outer, asked = [] }: RunAttempt,
  over: Stop,
  times: () => Omit<RunSuccess, 'cancel'>,
): Promise<Cancel | undefined> {
  const title = `the run of job ${quote(job.name)}`
  const publisher = new Publisher((draft) => outlet.offer(draft))
  const save = (writes: Writes): Promise<void> => publisher.save(() => outlet.save(writes))
  const state = new StateBuffer(outlet.stored, outlet.namespace, save)
  over.add(() => publisher.end(title))
  const ending = new Stop()
  const unlink = linkStop(ending, [over, ...asked])
  const { publish } = publisher
  const events = (query?: Query): AsyncIterable<StoredEvent> => outlet.events(query)
  const fields = { job: job.name }
  const { logger } = outer
  let signal: AbortSignal | undefined
  let exec: JobContext['exec'] | undefined
  // Without a spread, which would make each access slow.
  const context: JobContext = {
    slot: outer.slot ?? slot.at,
    late: outer.late ?? late,
    attempt: outer.attempt ?? attempt,
    state: outer.state ?? state,
    publish: outer.publish ?? publish,
    events: outer.events ?? events,
    fetch: outer.fetch,
    now: outer.now,
    secret: outer.secret,
    logger,
    // Created when first asked for: most runs need neither, and both cost more than a short run.
    get signal() {
      signal ??= guardSignal(ending.signal, (err) => {
        logger.error({ ...fields, slot: slot.at, err }, 'abort listener failed')
      })
      return signal
    },
    get exec() {
      exec ??= execWithin(outer.exec, { title, fields, logger, signals: [over.signal, ending.signal] })
      return exec
    },
  }
  return runFunction({
    job,
    context,
    ending,
    over,
    publisher,
    guard: outlet.guard,
    fail: () => outlet.fail?.() ?? Promise.resolve(),
    finish: (last, cancel) => outlet.finish(last, state.writes(), { ...times(), cancel }),
  }).finally(unlink)
}

/** The error of a run that exceeded its timeout. */
function timedOut({ name, settings: { timeout } }: Job): TidingsError {
  const message = `job ${quote(name)} took longer than its timeout of ${timeout} ms, and was abandoned`
  return new TidingsError('TIDINGS_RUN_TIMEOUT', message, { details: { job: name, timeout } })
}
