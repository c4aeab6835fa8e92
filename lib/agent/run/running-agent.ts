import { setMaxListeners } from 'node:events'
import { type Observable, Subject } from 'rxjs'
import type { Clock } from '../../core/clock.ts'
import type { Publish } from '../../core/context.ts'
import { defined } from '../../core/defined.ts'
import type { Environment } from '../../core/environment.ts'
import { asError, quote, TidingsError } from '../../core/errors.ts'
import type { Receipt, StoredEvent } from '../../core/event.ts'
import { isTransient, keepTrying } from '../../core/keep-trying.ts'
import { toDraft } from '../../core/publisher.ts'
import { heldByJob } from '../../job/held-drafts.ts'
import type { Job } from '../../job/job.ts'
import type { JobRecord } from '../../job/job-record.ts'
import { readJob } from '../../job/job-record.ts'
import type { RunReport } from '../../job/run-report.ts'
import { snapshotDraft } from '../../log/check-draft.ts'
import { logReceipt } from '../../log/log-receipt.ts'
import type { Log } from '../../log/port.ts'
import { type Agent, flatten, type Part, rejectTwins, rejectTypeTwins } from '../define/agent.ts'
import type { AgentControl } from './agent-control.ts'
import { drained } from './drained.ts'
import { type DryRun, dryRun } from './dry-run.ts'
import { EngineEvents } from './engine-events.ts'
import { type Health, problemsOf } from './health.ts'
import { JobRunner } from './job-runner.ts'
import { ListenerRunner, type ListenerRunnerHost } from './listener-runner.ts'
import { LiveEvents } from './live-events.ts'
import { type Pausable, pausedNames } from './pauses.ts'
import { knownCursors } from './rename-listener.ts'
import type { Running } from './running.ts'
import type { Status } from './status.ts'

/** What a running agent needs: `start` assembles it. */
export interface RunningAgentHost {
  readonly agent: Agent
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Removes known secrets from text that is stored. */
  scrub(text: string): string
  /** Closes the socket, and the log if the agent opened it. */
  close(): Promise<void>
}

/** How long runs and deliveries may continue after `stop`, in ms. */
const GRACE = 10_000

/** How many times a read or write that a part needs to start is tried. */
const TRIES = 5

/** How long aborted work may take to end after the grace period, in ms. */
const LAST = 1000

/**
 * The running parts of an agent on a log.
 *
 * ```
 *               add            stop()                      all has ended, or was aborted
 *   starting ────────→ running ────────→ stopping ─────────────────────────────────→ stopped
 *      │ listeners       runs and          nothing begins;                             socket and own log
 *      │ opened,         deliveries,       10 s to end, then an abort,                 closed, or left after
 *      │ jobs read       more `add`s       then 1 s to be recorded                     another 10 s
 *      │                                      ↑
 *      └─ a part can't start: start() rejects ┘
 * ```
 *
 * Who owns what: `start()` opens the log and the socket, and hands over `close`. This class owns two signals (`#stop`:
 * nothing more begins; `#abort`: what runs must end), one runner for each job and listener, and the engine's own events.
 * A `JobRunner` owns the runs of its job, a `ListenerRunner` its consumer and its deliveries.
 *
 * - The position of a new listener is durable before any job of the same `add` runs: it misses nothing they publish.
 * - `add` takes all parts or none. Calls take turns, since two parts added at once may share a name.
 * - Events that were in flight when the process died are tried first, one listener at a time (decision 0006).
 * - Nothing begins once `#stop` has aborted. An `add` under way then rejects, and begins none of its parts.
 * - A failed log ends nothing: `add` tries five times, runs fail or wait, listeners begin again (decision 0037), and
 *   status answers from memory. A log that is closed under the agent ends its parts; the agent still stops as usual.
 * - Where another agent on the log takes a listener over, only that listener ends here.
 * - `stop()` runs once and always resolves: after the grace period with what was recorded by then, and at the latest
 *   after a second grace period for a log that does not close.
 */
export class RunningAgent implements Running, AgentControl {
  readonly since: Date
  readonly #host: RunningAgentHost
  readonly #live: LiveEvents
  readonly #engineEvents: EngineEvents
  readonly #stop = new AbortController()
  readonly #abort = new AbortController()
  readonly #jobs = new Map<string, JobRunner>()
  #listeners: readonly ListenerRunner[] = []
  readonly #added$ = new Subject<void>()
  readonly #working = new Set<Promise<unknown>>()
  #adding: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(host: RunningAgentHost) {
    this.#host = host
    // Every part listens to these two signals; Node reports more than ten listeners as a leak.
    setMaxListeners(0, this.#stop.signal, this.#abort.signal)
    this.#live = new LiveEvents(host.log)
    this.#engineEvents = new EngineEvents({ ...host, stop: this.#stop.signal })
    this.since = new Date(host.clock.now())
  }

  get agent(): string {
    return this.#host.agent.name
  }

  get events$(): Observable<StoredEvent> {
    return this.#live.events$
  }

  readonly publish: Publish = async (...given: readonly unknown[]) => {
    const { agent, log, environment } = this.#host
    if (this.#stop.signal.aborted)
      throw new TidingsError('TIDINGS_RUN_ENDED', `published after agent ${quote(agent.name)} was stopped`)
    const draft = snapshotDraft(toDraft(given))
    const [receipt] = await log.accept([draft])
    logReceipt(environment.logger, draft, receipt as Receipt)
    return receipt as Receipt
  }

  add(part: Part): Promise<void> {
    const added = this.#adding.then(() => this.#add(part))
    this.#adding = added.catch(() => undefined)
    return added
  }

  async #add(part: Part): Promise<void> {
    const { agent, log, clock, environment } = this.#host
    const { jobs, listeners, eventTypes } = flatten(agent.name, part, agent.timezone)
    const present = this.#listeners.map(({ listener }) => listener)
    rejectTwins(agent.name, 'jobs', [...this.jobs(), ...jobs])
    rejectTwins(agent.name, 'listeners', [...present, ...listeners])
    rejectTypeTwins(agent.name, [...flatten(agent.name, [...this.jobs(), ...present]).eventTypes, ...eventTypes])
    const pausedListeners = await this.#keepTrying(() => pausedNames(log, 'listener'))
    const opened: ListenerRunner[] = []
    for (const each of listeners)
      opened.push(await this.#keepTrying(() => ListenerRunner.open(each, pausedListeners, this.#listenerHost())))
    const records = new Map<Job, JobRecord>()
    for (const job of jobs)
      records.set(job, await this.#keepTrying(() => readJob(log, job, clock.now(), environment.logger)))
    const pausedJobs = await this.#keepTrying(() => pausedNames(log, 'job'))
    const host = {
      ...this.#host,
      stop: this.#stop.signal,
      abort: this.#abort.signal,
      engineEvents: this.#engineEvents,
    }
    const runners = Array.from(records, ([job, record]) => new JobRunner(job, record, pausedJobs.has(job.name), host))
    if (this.#stop.signal.aborted) throw new TidingsError('TIDINGS_AGENT_INVALID', 'the agent has stopped')
    this.#begin(opened)
    this.#engineEvents.announcePending()
    for (const each of runners) {
      this.#jobs.set(each.job.name, each)
      void this.#track(each.work(), { job: each.job.name })
    }
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
        if (this.#stop.signal.aborted) return undefined
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

  trigger(jobName: string): Promise<RunReport | undefined> {
    const runner = this.#jobs.get(jobName)
    if (runner === undefined) {
      const names = [...this.#jobs.keys()].map(quote).join(', ') || 'none'
      const message = `agent ${quote(this.#host.agent.name)} has no job ${quote(jobName)}; its jobs: ${names}`
      return Promise.reject(new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { job: jobName } }))
    }
    if (this.#stop.signal.aborted) return Promise.resolve(undefined)
    return runner.trigger()
  }

  async status(): Promise<Status> {
    const { agent, log } = this.#host
    const held = await this.#held()
    const jobs = [...this.#jobs.values()].map((job) => ({ ...job.status(), ...held.get(job.job.name) }))
    const listeners = await Promise.all(this.#listeners.map((listener) => listener.status()))
    const last = await log.last().catch(() => undefined)
    const running = !this.#stop.signal.aborted
    const problems = problemsOf({ running, log: { state: log.state }, ...(await this.health()) })
    return { agent: agent.name, ...defined({ last }), jobs, listeners, problems }
  }

  async health(): Promise<Pick<Health, 'jobs' | 'listeners'>> {
    // While the log is unreadable, report only what is in memory.
    const known = await knownCursors(this.#host.log).catch(() => undefined)
    const listeners = this.#listeners.map((each) => each.health(known?.get(each.listener.name)))
    const held = await this.#held()
    const jobs = [...this.#jobs.values()].map((job) => ({ ...job.health(), ...held.get(job.job.name) }))
    return { jobs, listeners: await Promise.all(listeners) }
  }

  async #held(): ReturnType<typeof heldByJob> {
    return heldByJob(this.#host.log).catch(() => new Map())
  }

  scrub(text: string): string {
    return this.#host.scrub(text)
  }

  dryRun(job: Job): Promise<DryRun> {
    return dryRun(job, { ...this.#host, signal: this.#stop.signal })
  }

  jobs(): readonly Job[] {
    return Array.from(this.#jobs.values(), ({ job }) => job)
  }

  job(name: string): JobRunner | undefined {
    return this.#jobs.get(name)
  }

  pause(kind: Pausable, name: string, paused: boolean): void {
    if (kind === 'job') this.#jobs.get(name)?.pause(paused)
    else this.listener(name)?.pause(paused)
  }

  listener(name: string): ListenerRunner | undefined {
    return this.#listeners.find(({ listener }) => listener.name === name)
  }

  drained(): Promise<void> {
    return drained(() => this.#listeners, this.#stop.signal, this.#added$)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #end(): Promise<void> {
    const { clock, environment, agent, close } = this.#host
    this.#stop.abort(new TidingsError('TIDINGS_RUN_ENDED', 'the agent stops'))
    const cancel = clock.timer(() => {
      environment.logger.warn({ agent: agent.name, grace: GRACE }, 'the grace period is over: aborting what still runs')
      this.#abort.abort(new TidingsError('TIDINGS_RUN_ENDED', 'the agent stops, and the grace period is over'))
    }, GRACE)
    // A log that never answers must not block the stop: aborted work gets a short time to be recorded.
    const answered = await endsWithin(clock, GRACE + LAST, this.#windUp())
    cancel()
    // A log that fails just now must not block the stop.
    if (answered) await endsWithin(clock, LAST, this.#live.caughtUp())
    this.#live.end()
    const closed = close()
    if (!answered || !(await endsWithin(clock, GRACE, closed))) {
      closed.catch(() => undefined)
      environment.logger.warn({ agent: agent.name }, 'the log does not answer: the agent stops without it')
    }
    environment.logger.info({ agent: agent.name }, 'agent stopped')
  }

  async #windUp(): Promise<void> {
    for (const listener of this.#listeners) listener.stop()
    await Promise.all(this.#listeners.map((listener) => listener.steered()))
    while (this.#working.size > 0) await Promise.all(this.#working)
    await this.#engineEvents.settled()
  }
}

/** Resolves to whether the work ends within `ms`; rejects if it fails. Does not wait for work that takes longer. */
function endsWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(() => resolve(false), ms)
    work.then(() => resolve(true), reject).finally(cancel)
  })
}
