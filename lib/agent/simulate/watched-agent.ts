import { isObservable, lastValueFrom } from 'rxjs'
import { brand } from '../../core/brand.ts'
import { type Clock, pause } from '../../core/clock.ts'
import { asError } from '../../core/errors.ts'
import type { Exec } from '../../core/exec.ts'
import { during } from '../../core/virtual-clock.ts'
import type { World } from '../../core/world.ts'
import type { Job, JobContext } from '../../job/job.ts'
import type { Delivery, Listener } from '../../listener/listener.ts'
import { type Agent, agent } from '../define/agent.ts'
import { faultWords, type PendingFaults } from './faults.ts'
import type { WatchedDelivery } from './recorder.ts'
import type { Caller } from './simulated-world.ts'
import type { TimelineDelivery } from './timeline-entries.ts'

/** What the parts of a watched agent need. */
export interface WatchHost {
  /** The clock of this life. */
  readonly clock: Clock
  /** The clock of the simulation. */
  readonly virtual: Clock
  /** Takes what happens. */
  readonly recorder: {
    mark(kind: 'fault', words: string): void
    delivery(delivery: Pick<TimelineDelivery, 'listener' | 'seq' | 'attempt'>): WatchedDelivery
  }
  readonly faults: PendingFaults
  /** The world, as each caller sees it. */
  readonly world: { fetchFor(caller: Caller): World['fetch']; execFor(caller: Caller): Exec }
  /** Whether this life of the agent has not ended. */
  isAlive(): boolean
  /** Awaits something outside: never settles if this life ends meanwhile. */
  outside<T>(work: Promise<T>): Promise<T>
}

/**
 * The same agent, whose runs and handlers are recorded and disturbed. Schedules without a time zone are in UTC, not in
 * that of the machine: a simulation is the same everywhere.
 */
export function watchedAgent({ name, jobs, listeners, timezone = 'UTC' }: Agent, host: WatchHost): Agent {
  const parts = [...listeners.map((each) => watchedListener(each, host)), ...jobs.map((each) => watchedJob(each, host))]
  return agent(name, parts, { timezone })
}

function watchedJob(job: Job, host: WatchHost): Job {
  const patience = firstPatience()
  const by = `job ${job.name}`
  const run: Job['run'] = (context) => {
    const caller = { by }
    const fetch = host.world.fetchFor(caller)
    const exec = host.world.execFor(caller)
    // The context's own `exec` ends programs with their run; simulated programs end by themselves.
    const own: Partial<JobContext> = {
      fetch: (...request) => host.outside(fetch(...request)),
      exec: (...program) => host.outside(exec(...program)),
    }
    const result = job.run(withOwn(context, own))
    return result instanceof Promise ? during(host.virtual, result, patience()) : result
  }
  return brand('job', { ...job, run })
}

function watchedListener(listener: Listener, host: WatchHost): Listener {
  const { name } = listener
  const patience = firstPatience()
  const { recorder, faults, clock } = host
  const handle: Listener['handle'] = (value, delivery) => {
    const { event, attempt } = delivery
    const entry = recorder.delivery({ listener: name, seq: event.seq, attempt })
    const disturbing = faults.ofDelivery()
    for (const fault of disturbing) recorder.mark('fault', faultWords(fault))
    const fails = disturbing.find((fault) => fault.fault === 'handler fails')
    const slow = disturbing.find((fault) => fault.fault === 'slow')
    const given = watchedDelivery(name, delivery, host)
    const handled = (result: unknown): unknown => {
      if (fails?.after === true) throw new Error('made up: the handler fails after its work')
      if (host.isAlive()) entry.ended('handled')
      return result
    }
    const failed = (thrown: unknown): never => {
      if (host.isAlive()) entry.ended('failed', asError(thrown).message)
      throw thrown
    }
    const work = (): unknown => {
      if (fails?.after === false) throw new Error('made up: the handler fails before its work')
      const result = listener.handle(value, given)
      const promise = isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result
      return isThenable(promise) ? during(host.virtual, Promise.resolve(promise), patience()) : promise
    }
    if (slow !== undefined)
      return pause(clock, slow.ms, new AbortController().signal).then(work).then(handled).catch(failed)
    try {
      const result = work()
      return isThenable(result) ? Promise.resolve(result).then(handled).catch(failed) : handled(result)
    } catch (error) {
      return failed(error)
    }
  }
  return brand('listener', { ...listener, handle })
}

/**
 * How long to wait for a run or a handler that does nothing visible, in ms of real time. The first time, it may load
 * modules from files; later, it waits for something that takes simulated time.
 */
function firstPatience(): () => number {
  let patience = 500
  return () => {
    const now = patience
    patience = 5
    return now
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

// Some members are created when they are read: a copy would create them all.
function withOwn<T extends object>(given: T, own: Partial<T>): T {
  return new Proxy(given, {
    get: (target, member): unknown => Reflect.get(Object.hasOwn(own, member) ? own : target, member),
  })
}

function watchedDelivery(name: string, delivery: Delivery, host: WatchHost): Delivery {
  const caller = {
    by: `listener ${name}`,
    seq: delivery.event.seq,
    delivery: host.faults.deliveries,
    key: () => delivery.key,
  }
  const own: Pick<Delivery, 'fetch' | 'exec'> = {
    fetch: (...request) => host.outside(host.world.fetchFor(caller)(...request)),
    exec: (...program) => host.outside(host.world.execFor(caller)(...program)),
  }
  return withOwn(delivery, own)
}
