import { setMaxListeners } from 'node:events'
import { map, merge, type Observable, Subject, startWith, switchMap } from 'rxjs'
import type { Clock } from '../../core/clock.ts'
import type { Environment } from '../../core/environment.ts'
import { asError, quote, TidingsError } from '../../core/errors.ts'
import { isTransient, keepTrying } from '../../core/keep-trying.ts'
import type { Tracing } from '../../core/tracing.ts'
import { onStandstill } from '../../core/virtual-clock.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Log } from '../../log/port.ts'
import { shardPlace, wholeOf } from '../../log/shards.ts'
import { type Agent, flatten, type Part, rejectTwins, rejectTypeTwins } from '../define/agent.ts'
import type { ListenerControl } from './agent-control.ts'
import type { HeldParts } from './agent-row.ts'
import { drained } from './drained.ts'
import { EngineEvents } from './engine-events.ts'
import { withFreeFormerNames } from './former-names.ts'
import { JobRunner } from './job-runner.ts'
import { ListenerRunner } from './listener-runner.ts'
import type { PartMeters } from './part-meters.ts'
import { type PartName, type Pausable, pausedNames } from './pauses.ts'
import type { ListenerRunnerHost } from './pumping.ts'

/** What the parts of an agent need. */
export interface RunningPartsHost {
  readonly agent: Pick<Agent, 'name' | 'timezone'>
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Traces what its parts do; absent: nothing does. */
  readonly tracing?: Tracing | undefined
  /** Counts what its parts do. */
  readonly meters: PartMeters
  /** Whether its jobs run only when they are triggered, and their schedules wait for the next start. Default false. */
  readonly byHand?: boolean
  /** Removes known secrets from text that is stored. */
  scrub(text: string): string
}

/** How long runs and deliveries may continue after the end has begun, in ms. */
export const GRACE = 10_000

/** How many times a read or write that a part needs to start is tried. */
const TRIES = 5

/** How long aborted work may take to end after the grace period, in ms. */
export const LAST = 1000

/**
 * The jobs and listeners of one version of an agent, running on a log that is open before and after.
 *
 * ```
 *               add            end()                      all has ended, or was aborted
 *   opening ─────────→ running ───────→ winding up ───────────────────────────────────→ ended
 *      │ listeners       runs and         nothing begins;
 *      │ opened,         deliveries,      10 s to end, then an abort,
 *      │ jobs read       more `add`s      then 1 s to be recorded
 *      └─ a part can't start: add() rejects, and nothing of it has begun
 * ```
 *
 * Who owns what: this class owns two signals (`#stop`: nothing more begins; `#abort`: what runs must end), one runner for
 * each job and listener, and the engine's own events about them. A `JobRunner` owns the runs of its job, a
 * `ListenerRunner` its consumer and its deliveries.
 *
 * - The position of a new listener is durable before any job of the same `add` runs: it misses nothing they publish.
 * - `add` takes all parts or none. The caller makes calls take turns, since two parts added at once may share a name.
 * - Events that were in flight when the process died are tried first, one listener at a time (decision 0006).
 * - Nothing begins once `#stop` has aborted. An `add` under way then rejects, and begins none of its parts.
 * - A failed log ends nothing: `add` tries five times, runs fail or wait, listeners begin again (decision 0037). A log
 *   that is closed under the parts ends them; `end()` still resolves as usual.
 * - Where another agent on the log takes a listener over, only that listener ends here.
 */
export class RunningParts {
  readonly #host: RunningPartsHost
  readonly #engineEvents: EngineEvents
  readonly #stop = new AbortController()
  readonly #abort = new AbortController()
  readonly #jobs = new Map<string, JobRunner>()
  #listeners: readonly ListenerRunner[] = []
  readonly #added$ = new Subject<void>()
  readonly #working = new Set<Promise<unknown>>()
  #ended: Promise<boolean> | undefined

  constructor(host: RunningPartsHost) {
    this.#host = host
    // Every part listens to these two signals; Node reports more than ten listeners as a leak.
    setMaxListeners(0, this.#stop.signal, this.#abort.signal)
    this.#engineEvents = new EngineEvents({ ...host, stop: this.#stop.signal })
  }

  /** Whether the end has begun: nothing more begins. */
  get ending(): boolean {
    return this.#stop.signal.aborted
  }

  get jobs(): readonly JobRunner[] {
    return [...this.#jobs.values()]
  }

  get listeners(): readonly ListenerRunner[] {
    return this.#listeners
  }

  /** Emits the name of a job or listener whenever its state may have changed. */
  get changes$(): Observable<PartName> {
    return this.#added$.pipe(
      startWith(undefined),
      switchMap(() =>
        merge(
          ...this.jobs.map(({ job: { name }, changes$ }) => changes$.pipe(map(() => ({ kind: 'job' as const, name })))),
          ...this.listeners.map((each) =>
            each.changes$.pipe(map(() => ({ kind: 'listener' as const, name: each.listener.name }))),
          ),
        ),
      ),
    )
  }

  /** What this agent does and no other. */
  held(): HeldParts {
    const jobs = this.jobs.filter(({ holds }) => holds).map(({ job }) => job.name)
    const listeners = this.#listeners.filter(({ holds }) => holds).map(({ listener }) => listener.name)
    const shards = this.#listeners.flatMap(({ name, shards: own }) => (own === undefined ? [] : [[name, own] as const]))
    return { jobs, listeners, ...(shards.length === 0 ? {} : { shards: Object.fromEntries(shards) }) }
  }

  /** Pauses and resumes jobs and listeners as the log has stored it: all, or those that `which` chooses. */
  async pauseAsStored(which: (part: { readonly standby: boolean }) => boolean = () => true): Promise<void> {
    const [jobs, listeners] = [await pausedNames(this.#host.log, 'job'), await pausedNames(this.#host.log, 'listener')]
    for (const each of this.jobs.filter(which)) each.pause(jobs.has(each.job.name))
    for (const each of this.#listeners.filter(which))
      if (each.paused !== listeners.has(each.listener.name)) each.pause(!each.paused)
  }

  job(name: string): JobRunner | undefined {
    return this.#jobs.get(name)
  }

  listener(name: string): ListenerRunner | undefined {
    return this.#listeners.find(({ listener }) => listener.name === name)
  }

  /** How to steer a listener, or a shard of one by its name in the log. */
  control(name: string): ListenerControl | undefined {
    const runner = this.listener(wholeOf(name))
    const shard = shardPlace(name)?.index
    if (runner === undefined || shard === undefined) return runner
    return {
      types: runner.types,
      rate: runner.rate,
      steer: (act) => runner.steer(act, shard),
      move: (start, forgets) => runner.move(start, forgets, shard),
      rename: (to) => runner.rename(to),
    }
  }

  /** Starts these parts: all of them, or none if it rejects. Calls `ready` when all are open and none has begun. */
  async add(part: Part, ready?: () => void): Promise<void> {
    const { agent, log } = this.#host
    const { name, timezone } = agent
    const { jobs: givenJobs, listeners: givenListeners, eventTypes } = flatten(name, part, timezone)
    const present = flatten(name, [...this.jobs.map(({ job }) => job), ...this.#listeners.map((each) => each.listener)])
    rejectTwins(name, 'jobs', [...present.jobs, ...givenJobs])
    rejectTwins(name, 'listeners', [...present.listeners, ...givenListeners])
    rejectTypeTwins(name, [...present.eventTypes, ...eventTypes])
    const { logger } = this.#host.environment
    const jobs = withFreeFormerNames('job', givenJobs, present.jobs, logger)
    const listeners = withFreeFormerNames('listener', givenListeners, present.listeners, logger)
    const pausedListeners = await this.#keepTrying(() => pausedNames(log, 'listener'))
    const opened: ListenerRunner[] = []
    for (const each of listeners)
      opened.push(await this.#keepTrying(() => ListenerRunner.open(each, pausedListeners, this.#listenerHost())))
    const host = {
      ...this.#host,
      stop: this.#stop.signal,
      abort: this.#abort.signal,
      engineEvents: this.#engineEvents,
    }
    const runners: JobRunner[] = []
    try {
      for (const job of jobs) runners.push(await this.#keepTrying(() => JobRunner.open(job, host)))
      if (this.ending) throw new TidingsError('TIDINGS_AGENT_INVALID', 'the agent has stopped')
    } catch (error) {
      await Promise.all(runners.map((each) => each.release()))
      throw error
    }
    for (const each of runners) this.#jobs.set(each.job.name, each)
    ready?.()
    this.#begin(opened)
    this.#engineEvents.announcePending()
    for (const each of runners) void this.#track(each.work(), { job: each.job.name })
    this.#added$.next()
  }

  // A single failed read or write does not prevent the start; a log that keeps failing does.
  #keepTrying<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, environment } = this.#host
    return keepTrying(ask, {
      clock,
      stop: this.#stop.signal,
      shouldRetry: (error, failures) => failures < TRIES && isTransient(error),
      onFailure: (err, wait) => environment.logger.warn({ err, wait }, 'log failed, retrying'),
    })
  }

  #listenerHost(): ListenerRunnerHost {
    return {
      ...this.#host,
      abort: this.#abort.signal,
      parking: (...parking) => this.#engineEvents.parking(...parking),
      parked: (...parked) => this.#engineEvents.parked(...parked),
      track: (task, fields) => this.#track(task, fields),
    }
  }

  // Logs the failure of a part that should still work, and resolves to it; `fields` name the part.
  #track(work: Promise<unknown>, fields: object): Promise<Error | undefined> {
    const ended = work.then(
      () => undefined,
      (error: unknown) => {
        // A log that is closed under an agent ends its parts; any other failure is a bug in the engine.
        if (this.ending) return undefined
        const err = asError(error)
        this.#host.environment.logger.error({ ...fields, err }, 'stopped working')
        return err
      },
    )
    this.#working.add(ended)
    void ended.then(() => this.#working.delete(ended))
    return ended
  }

  // Decision 0006: events that were in flight when the process died go first, one at a time over all listeners.
  #begin(opened: readonly ListenerRunner[]): void {
    this.#listeners = [...this.#listeners, ...opened]
    this.#added$.next()
    const begun = opened.filter(({ paused }) => !paused)
    let tried: () => void = () => undefined
    const all = new Promise<void>((resolve) => (tried = resolve))
    let turn = Promise.resolve()
    for (const each of begun) turn = each.begin(turn, all)
    void turn.then(tried)
  }

  /** Runs a job now. Resolves to the report; undefined if it did not run. */
  trigger(jobName: string): Promise<RunReport | undefined> {
    const runner = this.#jobs.get(jobName)
    if (runner === undefined) {
      const names = [...this.#jobs.keys()].map(quote).join(', ') || 'none'
      const message = `agent ${quote(this.#host.agent.name)} has no job ${quote(jobName)}; its jobs: ${names}`
      return Promise.reject(new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { job: jobName } }))
    }
    return this.ending ? Promise.resolve(undefined) : runner.trigger()
  }

  /** Resolves when every listener has handled all its events, or when the end begins. */
  drained(): Promise<void> {
    const { clock } = this.#host
    return drained(() => this.#listeners, { stop: this.#stop.signal, clock, added$: this.#added$ })
  }

  /**
   * Ends all parts: no run and no delivery begins, those in progress have 10 s to end, or until a virtual clock stands
   * still; then their signals abort. Always resolves, a second after that at the latest: to false if the log does not answer. `what` happens to the agent.
   */
  end(what: 'stops' | 'is reloaded'): Promise<boolean> {
    this.#ended ??= this.#end(what)
    return this.#ended
  }

  async #end(what: string): Promise<boolean> {
    const { agent, clock, environment } = this.#host
    const waits = this.#ongoing()
    if (waits.length > 0 && what === 'stops')
      environment.logger.info({ agent: agent.name, waits, grace: GRACE }, 'stopping agent')
    this.#stop.abort(new TidingsError('TIDINGS_RUN_ENDED', `the agent ${what}`))
    const abort = (): void => {
      environment.logger.warn({ agent: agent.name, grace: GRACE }, 'the grace period is over: aborting what still runs')
      this.#abort.abort(new TidingsError('TIDINGS_RUN_ENDED', `the agent ${what}, and the grace period is over`))
    }
    const cancels = [clock.timer(abort, GRACE), onStandstill(clock, abort)]
    // A log that never answers must not block the end: aborted work gets a short time to be recorded.
    const answered = await endsWithin(clock, GRACE + LAST, this.#windUp())
    for (const cancel of cancels) cancel()
    return answered
  }

  // The runs and deliveries in progress, and for how long, in ms.
  #ongoing(): readonly object[] {
    const runs = this.jobs.map(({ job, ongoing }) => ongoing && { job: job.name, ...ongoing })
    const deliveries = this.#listeners.map(
      ({ listener, ongoing }) => ongoing && { listener: listener.name, ...ongoing },
    )
    return [...runs, ...deliveries].filter((each) => each !== undefined)
  }

  async #windUp(): Promise<void> {
    for (const listener of this.#listeners) listener.stop()
    await Promise.all(this.#listeners.map((listener) => listener.steered()))
    while (this.#working.size > 0) await Promise.all(this.#working)
    await this.#engineEvents.settled()
  }
}

/** Resolves to whether the work ends within `ms`; rejects if it fails. Does not wait for work that takes longer. */
export function endsWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(() => resolve(false), ms)
    work.then(() => resolve(true), reject).finally(cancel)
  })
}

/** Returns a part that was found. @throws TidingsError `TIDINGS_AGENT_INVALID` for one that is no longer there */
export function present<T>(found: T | undefined, kind: Pausable, name: string): T {
  if (found !== undefined) return found
  throw new TidingsError('TIDINGS_AGENT_INVALID', `the agent has no ${kind} ${quote(name)} any more`)
}
