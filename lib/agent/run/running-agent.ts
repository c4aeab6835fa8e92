import { setMaxListeners } from 'node:events'
import { type Observable, Subject } from 'rxjs'
import type { Clock } from '../../core/clock.ts'
import type { Publish } from '../../core/context.ts'
import type { Environment } from '../../core/environment.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import type { Receipt, StoredEvent } from '../../core/event.ts'
import { isTransient, persist } from '../../core/persist.ts'
import { toDraft } from '../../core/publisher.ts'
import type { Job } from '../../job/job.ts'
import type { JobRecord } from '../../job/job-record.ts'
import { readJob } from '../../job/job-record.ts'
import type { RunReport } from '../../job/run-report.ts'
import { logReceipt } from '../../log/log-receipt.ts'
import type { Log } from '../../log/port.ts'
import { snapshotDraft } from '../../log/snapshot-draft.ts'
import { type Agent, flatten, type Part, refuseTwins, refuseTypeTwins } from '../define/agent.ts'
import type { AgentControl } from './agent-control.ts'
import { drained } from './drained.ts'
import { type DryRun, dryRun } from './dry-run.ts'
import { endsWithin } from './ends-within.ts'
import { EngineEvents } from './engine-events.ts'
import { type Health, problemsOf } from './health.ts'
import { JobRunner } from './job-runner.ts'
import { ListenerRunner, type ListenerRunnerHost } from './listener-runner.ts'
import { LiveEvents } from './live-events.ts'
import { type Pausable, pausedNames } from './pauses.ts'
import { knownCursors } from './rename-listener.ts'
import type { Running } from './running.ts'
import type { Status } from './status.ts'
import { Tasks } from './tasks.ts'

/** What `start` assembles. `close` closes the log, if the agent opened it. */
export interface RunningParts {
  readonly agent: Agent
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Removes known secrets from text that is stored. */
  scrub(text: string): string
  close(): Promise<void>
}

/** How long runs and deliveries may continue after `stop`, in ms. */
const GRACE = 10_000

/** How many times a read or write that a part needs to start is attempted. */
const TRIES = 5

/** How long aborted work may take to end after the grace period, in ms. */
const LAST = 1000

/** The running parts of an agent on a log. */
export class RunningAgent implements Running, AgentControl {
  readonly since: Date
  readonly #parts: RunningParts
  readonly #live: LiveEvents
  readonly #news: EngineEvents
  readonly #stop = new AbortController()
  readonly #abort = new AbortController()
  readonly #jobs = new Map<string, JobRunner>()
  #listeners: readonly ListenerRunner[] = []
  readonly #added$ = new Subject<void>()
  readonly #tasks: Tasks
  #adding: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(parts: RunningParts) {
    this.#parts = parts
    // Every part listens to these two signals; Node reports more than ten listeners as a leak.
    setMaxListeners(0, this.#stop.signal, this.#abort.signal)
    this.#live = new LiveEvents(parts.log)
    this.#news = new EngineEvents({ ...parts, stop: this.#stop.signal })
    this.#tasks = new Tasks(parts.environment.logger, this.#stop.signal)
    this.since = new Date(parts.clock.now())
  }

  get agent(): string {
    return this.#parts.agent.name
  }

  get events$(): Observable<StoredEvent> {
    return this.#live.events$
  }

  readonly publish: Publish = async (...given: readonly unknown[]) => {
    const { agent, log, environment } = this.#parts
    if (this.#stop.signal.aborted)
      throw new TidingsError('TIDINGS_RUN_ENDED', `published after agent ${quote(agent.name)} was stopped`)
    const draft = snapshotDraft(toDraft(given))
    const [receipt] = await log.accept([draft])
    logReceipt(environment.logger, draft, receipt as Receipt)
    return receipt as Receipt
  }

  add(part: Part): Promise<void> {
    // Serialized: two parts added at once may share a name.
    const added = this.#adding.then(() => this.#add(part))
    this.#adding = added.catch(() => undefined)
    return added
  }

  async #add(part: Part): Promise<void> {
    const { agent, log, clock, environment } = this.#parts
    const { jobs, listeners, eventTypes } = flatten(agent.name, part, agent.timezone)
    const heard = this.#listeners.map(({ listener }) => listener)
    refuseTwins(agent.name, 'jobs', [...this.jobs(), ...jobs])
    refuseTwins(agent.name, 'listeners', [...heard, ...listeners])
    refuseTypeTwins(agent.name, [...flatten(agent.name, [...this.jobs(), ...heard]).eventTypes, ...eventTypes])
    // Every listener's starting position is durable before any job runs, so listeners miss no published event.
    const quiet = await this.#insist(() => pausedNames(log, 'listener'))
    const hearing: ListenerRunner[] = []
    for (const each of listeners)
      hearing.push(await this.#insist(() => ListenerRunner.open(each, quiet, this.#listeningHost())))
    const records = new Map<Job, JobRecord>()
    for (const job of jobs)
      records.set(job, await this.#insist(() => readJob(log, job, clock.now(), environment.logger)))
    const resting = await this.#insist(() => pausedNames(log, 'job'))
    const host = {
      ...this.#parts,
      stop: this.#stop.signal,
      abort: this.#abort.signal,
      news: this.#news,
    }
    const working = Array.from(records, ([job, record]) => new JobRunner(job, record, resting.has(job.name), host))
    if (this.#stop.signal.aborted) throw new TidingsError('TIDINGS_AGENT_INVALID', 'the agent has stopped')
    this.#hear(hearing)
    this.#news.begin()
    for (const each of working) {
      this.#jobs.set(each.job.name, each)
      void this.#tasks.track(each.work(), { job: each.job.name })
    }
  }

  // A single failed read or write does not prevent the start; a log that keeps failing does.
  #insist<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, environment } = this.#parts
    return persist(ask, {
      clock,
      stop: this.#stop.signal,
      worth: (error, failures) => failures < TRIES && isTransient(error),
      failed: (err, wait) => environment.logger.warn({ err, wait }, 'the log failed, and is asked again'),
    })
  }

  #listeningHost(): ListenerRunnerHost {
    return {
      ...this.#parts,
      abort: this.#abort.signal,
      parking: (...parking) => this.#news.parking(...parking),
      parked: (...parked) => this.#news.parked(...parked),
      track: (task, fields) => this.#tasks.track(task, fields),
    }
  }

  // Events that were in flight when the process died go first, one at a time over all listeners.
  #hear(hearing: readonly ListenerRunner[]): void {
    this.#listeners = [...this.#listeners, ...hearing]
    this.#added$.next()
    const begun = hearing.filter(({ paused }) => !paused)
    let tried: () => void = () => undefined
    const all = new Promise<void>((resolve) => (tried = resolve))
    let turn = Promise.resolve()
    for (const each of begun) turn = each.begin(turn, all)
    void turn.then(tried)
  }

  trigger(jobName: string): Promise<RunReport | undefined> {
    const working = this.#jobs.get(jobName)
    if (working === undefined) {
      const names = [...this.#jobs.keys()].map(quote).join(', ') || 'none'
      const message = `agent ${quote(this.#parts.agent.name)} has no job ${quote(jobName)}; its jobs: ${names}`
      return Promise.reject(new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { job: jobName } }))
    }
    if (this.#stop.signal.aborted) return Promise.resolve(undefined)
    return working.trigger()
  }

  async status(): Promise<Status> {
    const { agent, log } = this.#parts
    const jobs = [...this.#jobs.values()].map((job) => job.status())
    const listeners = await Promise.all(this.#listeners.map((listener) => listener.status()))
    const last = await log.last().catch(() => undefined)
    const running = !this.#stop.signal.aborted
    const problems = problemsOf({ running, log: { state: log.state }, ...(await this.health()) })
    return { agent: agent.name, ...(last === undefined ? {} : { last }), jobs, listeners, problems }
  }

  async health(): Promise<Pick<Health, 'jobs' | 'listeners'>> {
    // While the log is unreadable, report only what is in memory.
    const known = await knownCursors(this.#parts.log).catch(() => undefined)
    const listeners = this.#listeners.map((each) => each.health(known?.get(each.listener.name)))
    return { jobs: [...this.#jobs.values()].map((job) => job.health()), listeners: await Promise.all(listeners) }
  }

  scrub(text: string): string {
    return this.#parts.scrub(text)
  }

  dryRun(job: Job): Promise<DryRun> {
    return dryRun(job, { ...this.#parts, signal: this.#stop.signal })
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
    const { clock, environment, agent, close } = this.#parts
    this.#stop.abort(new TidingsError('TIDINGS_RUN_ENDED', 'the agent stops'))
    const cancel = clock.timer(() => {
      environment.logger.warn(
        { agent: agent.name, grace: GRACE },
        'the grace period is over, what still runs is aborted',
      )
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
      environment.logger.warn({ agent: agent.name }, 'the log does not answer, the agent stops without it')
    }
    environment.logger.info({ agent: agent.name }, 'agent stopped')
  }

  async #windUp(): Promise<void> {
    for (const listener of this.#listeners) listener.stop()
    await Promise.all(this.#listeners.map((listener) => listener.steered()))
    await this.#tasks.ended()
    await this.#news.settled()
  }
}
