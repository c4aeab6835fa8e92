import { lastValueFrom, type Observable, Subject } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import type { Environment } from '../core/environment.ts'
import { asError, quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { Pump } from '../dispatch/pump.ts'
import type { Job } from '../job/job.ts'
import type { JobRecord } from '../job/record.ts'
import { type JobHost, type RunReport, readJob, runJob, type Trigger } from '../job/run-job.ts'
import type { Listener } from '../listener/listener.ts'
import type { Consumer, Log } from '../log/port.ts'
import { type Agent, flatten, type Part, refuseTwins } from './agent.ts'
import { Live } from './live.ts'
import { News } from './news.ts'
import type { Status } from './status.ts'

/** An agent that runs. Made by `start(…)`. */
export interface Running {
  /** What is accepted from now on. Hot: nothing is replayed. Completes when the agent has stopped. */
  readonly events$: Observable<StoredEvent>
  /** Adds jobs, listeners and streams to the agent while it runs. */
  add(part: Part): Promise<void>
  /** Runs a job now, beside its schedule. Resolves to how it went; undefined: it did not run, since it runs already. */
  trigger(jobName: string): Promise<RunReport | undefined>
  status(): Promise<Status>
  /** Resolves when every listener has heard all there is; what waits for a later attempt is not waited for. */
  drained(): Promise<void>
  /** No new runs and deliveries begin; those that go on have 10 s to end, then their signals abort. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What `start` puts together. `close`: closes the log, where the agent opened it. */
export interface RunningParts {
  readonly agent: Agent
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Takes known secrets out of what is kept. */
  scrub(text: string): string
  close(): Promise<void>
}

/** How long runs and deliveries may go on after `stop`, in ms. */
const GRACE = 10_000

/** Between two looks at whether the listeners are done, in ms. */
const LOOK = 10

interface Working {
  readonly job: Job
  readonly anchor: Date
  readonly triggers$: Subject<Trigger>
  running: number
  last?: RunReport
}

/** The parts of an agent at work on a log. */
export class RunningAgent implements Running {
  readonly #parts: RunningParts
  readonly #live: Live
  readonly #news: News
  readonly #stop = new AbortController()
  readonly #abort = new AbortController()
  readonly #jobs = new Map<string, Working>()
  readonly #listeners = new Map<string, { readonly listener: Listener; readonly consumer: Consumer }>()
  readonly #working = new Set<Promise<void>>()
  #adding: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(parts: RunningParts) {
    this.#parts = parts
    this.#live = new Live(parts.log)
    this.#news = new News(parts)
  }

  get events$(): Observable<StoredEvent> {
    return this.#live.events$
  }

  add(part: Part): Promise<void> {
    // One after another: two that come at once may have one name.
    const added = this.#adding.then(() => this.#add(part))
    this.#adding = added.catch(() => undefined)
    return added
  }

  async #add(part: Part): Promise<void> {
    const { agent, log, clock } = this.#parts
    const { jobs, listeners } = flatten(agent.name, part, agent.timezone)
    refuseTwins(agent.name, 'jobs', [...[...this.#jobs.values()].map(({ job }) => job), ...jobs])
    refuseTwins(agent.name, 'listeners', [...[...this.#listeners.values()].map(({ listener }) => listener), ...listeners])
    // Where each listener begins is durable before any job runs: nothing is published that it could miss.
    const hearing: [Listener, Consumer][] = []
    for (const listener of listeners) hearing.push([listener, await this.#consumer(listener)])
    const working: [Job, JobRecord][] = []
    for (const job of jobs) working.push([job, await readJob(log, job, clock.now())])
    if (this.#stop.signal.aborted) throw new TidingsError('TIDINGS_AGENT_INVALID', 'the agent has stopped')
    this.#pump(hearing.map(([listener, consumer]) => this.#hear(listener, consumer)))
    for (const [job, record] of working) this.#work(job, record)
  }

  async #consumer(listener: Listener): Promise<Consumer> {
    const { log, environment } = this.#parts
    const { from: start, formerly, ordered } = listener.settings
    const { types } = listener.source
    const consumer = await log.consumer(listener.name, {
      start,
      ...(types === undefined ? {} : { types }),
      ...(formerly === undefined ? {} : { formerly }),
      ...(ordered === true ? { inOrder: true } : {}),
    })
    const fields = { listener: listener.name }
    if (consumer.origin === 'new') environment.logger.info({ ...fields, from: start }, 'new listener')
    if (consumer.origin === 'renamed') environment.logger.info({ ...fields, formerly }, 'renamed listener')
    return consumer
  }

  #hear(listener: Listener, consumer: Consumer): Pump {
    this.#listeners.set(listener.name, { listener, consumer })
    return new Pump(listener, consumer, {
      ...this.#parts,
      stop: this.#stop.signal,
      abort: this.#abort.signal,
      parked: (handed, error) => this.#news.parked(listener.name, handed, error),
    })
  }

  // What was in flight when the process died goes first, one event at a time over all listeners.
  #pump(pumps: readonly Pump[]): void {
    const cleared = pumps.reduce((before, pump) => before.then(() => pump.clearSuspects()), Promise.resolve())
    for (const pump of pumps) this.#track(cleared.then(() => pump.run()), { listener: pump.name })
  }

  #work(job: Job, record: JobRecord): void {
    const working: Working = { job, anchor: new Date(record.anchor), triggers$: new Subject(), running: 0 }
    this.#jobs.set(job.name, working)
    const host: JobHost = {
      ...this.#parts,
      stop: this.#stop.signal,
      abort: this.#abort.signal,
      began: () => void (working.running += 1),
      ended: (report) => {
        working.running -= 1
        working.last = report
        this.#news.ran(report)
      },
    }
    const runs = runJob(job, record, working.triggers$, host)
    this.#track(lastValueFrom(runs, { defaultValue: undefined }), { job: job.name })
  }

  #track(work: Promise<unknown>, fields: object): void {
    const ended = work.then(
      () => undefined,
      (error) => {
        // A log that is closed under an agent ends it; anything else is a fault of the engine's.
        if (!this.#stop.signal.aborted) this.#parts.environment.logger.error({ ...fields, err: asError(error) }, 'stopped working')
      },
    )
    this.#working.add(ended)
    void ended.then(() => this.#working.delete(ended))
  }

  trigger(jobName: string): Promise<RunReport | undefined> {
    const working = this.#jobs.get(jobName)
    if (working === undefined) {
      const names = [...this.#jobs.keys()].map(quote).join(', ') || 'none'
      const message = `agent ${quote(this.#parts.agent.name)} has no job ${quote(jobName)}; its jobs: ${names}`
      return Promise.reject(new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { job: jobName } }))
    }
    if (this.#stop.signal.aborted) return Promise.resolve(undefined)
    return new Promise((ended) => working.triggers$.next({ at: new Date(this.#parts.clock.now()), ended }))
  }

  async status(): Promise<Status> {
    const { agent, log, clock } = this.#parts
    const jobs = [...this.#jobs.values()].map(({ job, anchor, running, last }) => {
      const next = job.settings.enabled ? job.schedule.next(new Date(clock.now()), anchor) : undefined
      return {
        name: job.name,
        schedule: job.schedule.toString(),
        running: running > 0,
        ...(next === undefined ? {} : { next }),
        ...(last === undefined ? {} : { last }),
      }
    })
    const lags = [...this.#listeners.values()].map(async ({ listener, consumer }) => ({
      name: listener.name,
      ...(await consumer.lag()),
    }))
    return { agent: agent.name, last: await log.last(), jobs, listeners: await Promise.all(lags) }
  }

  async drained(): Promise<void> {
    const { clock } = this.#parts
    for (;;) {
      const lags = await Promise.all([...this.#listeners.values()].map(({ consumer }) => consumer.lag()))
      if (this.#stop.signal.aborted || lags.every(({ behind, running }) => behind + running === 0)) return
      await new Promise<void>((resolve) => clock.timer(resolve, LOOK))
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
    const { clock, environment, agent, close } = this.#parts
    this.#stop.abort(new TidingsError('TIDINGS_RUN_ENDED', 'the agent stops'))
    const cancel = clock.timer(() => {
      environment.logger.warn({ agent: agent.name, grace: GRACE }, 'the grace period is over, what still runs is aborted')
      this.#abort.abort(new TidingsError('TIDINGS_RUN_ENDED', 'the agent stops, and the grace period is over'))
    }, GRACE)
    await Promise.all(this.#working)
    cancel()
    await this.#news.settled()
    await this.#live.end()
    await close()
    environment.logger.info({ agent: agent.name }, 'agent stopped')
  }}
