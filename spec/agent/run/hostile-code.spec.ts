/* oxlint-disable unicorn/no-thenable, unicorn/prefer-add-event-listener, typescript/only-throw-error, typescript/no-misused-promises
   -- code that does what it should not is what is handed in */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { finalize, map, Observable, of, type TeardownLogic } from 'rxjs'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import { Cancel, Park, Retry } from '../../../lib/core/control.ts'
import { type EventType, eventType } from '../../../lib/core/event-type.ts'
import { where } from '../../../lib/filter/where.ts'
import { type JobContext, job } from '../../../lib/job/job.ts'
import type { JobOptions } from '../../../lib/job/settings.ts'
import { type Delivery, type ListenerOptions, listener } from '../../../lib/listener/listener.ts'
import { type On, on } from '../../../lib/listener/on.ts'
import { every, once, type Schedule } from '../../../lib/schedule/index.ts'
import { place, unhandled } from '../../support/agent-harness.ts'

const MINUTE = 60_000
const EVENTS = 5

const boom = (): never => {
  throw new Error('boom')
}
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
/** A proxy whose traps all throw. */
const sore = (): object =>
  new Proxy({}, { get: boom, has: boom, getPrototypeOf: boom, ownKeys: boom, getOwnPropertyDescriptor: boom })
const never = () => new Promise<void>(() => undefined)
const tampered = (after: unknown): Error => Object.assign(new Retry({ after: 1 }), { after })
const later = (end: (s: { complete(): void; error(e: unknown): void }) => void, teardown: TeardownLogic) =>
  new Observable<never>((s) => {
    setImmediate(() => end(s))
    return teardown
  })
const fickle = (): Error => {
  let reads = 0
  return Object.defineProperty(new Error('fickle'), 'message', {
    get: () => (reads++ < 1 ? 'fickle' : boom()),
  })
}

/** Mistakes of both runs and handlers. */
const deeds: Record<string, (context: Pick<JobContext, 'signal' | 'publish' | 'state' | 'logger'>) => unknown> = {
  'throws undefined': () => {
    throw undefined
  },
  'throws a revoked proxy': () => {
    throw revoked()
  },
  'throws an error whose getters throw later': () => {
    throw fickle()
  },
  'throws an error whose stack throws': () => {
    throw Object.defineProperty(new Error('x'), 'stack', { get: boom })
  },
  'asks for a retry after NaN': () => {
    throw tampered(Number.NaN)
  },
  'asks for a retry after an object': () => {
    throw tampered({ valueOf: boom })
  },
  'asks for a retry after 1e300': () => {
    throw tampered(1e300)
  },
  'asks for a retry before now': () => {
    throw tampered(-1e15)
  },
  'asks for a retry after a promise': () => {
    throw tampered(never())
  },
  'asks for a retry whose getter throws': () => {
    throw Object.defineProperty(new Retry({ after: 1 }), 'after', { get: boom })
  },
  'parks without a reason': () => {
    throw Object.assign(new Park('x'), { message: Symbol('x') })
  },
  'cancels with a reason that throws': () => {
    throw new Cancel({ toString: boom } as never)
  },
  'returns a revoked proxy': revoked,
  'returns a promise of a proxy whose traps all throw': async () => sore(),
  'returns a thenable that throws': () => ({ then: boom }),
  'returns a thenable that settles at once, twice, and throws': () => ({
    then: (resolve: (value?: unknown) => void, reject: (error: unknown) => void) => {
      resolve()
      reject(new Error('late'))
      resolve()
      boom()
    },
  }),
  'returns a thenable whose then can be read once': () => {
    let reads = 0
    return Object.defineProperty({}, 'then', { get: () => (reads++ < 1 ? (ok: () => void) => ok() : boom()) })
  },
  'returns a promise with a then of its own': () => Object.assign(Promise.resolve(), { then: boom }),
  'returns an Observable that throws when it is subscribed': () => new Observable(boom),
  'returns an Observable that emits a revoked proxy': () => of(revoked()),
  'returns an Observable whose teardown throws after its end': () => later((s) => s.complete(), boom),
  'returns an Observable whose teardown throws after its error': () => later((s) => s.error(new Error('x')), boom),
  'returns an Observable whose teardown throws at once': () =>
    new Observable((s) => {
      s.complete()
      return boom
    }),
  'returns a piped Observable whose teardown throws': () =>
    later((s) => s.complete(), boom).pipe(
      map((x) => x),
      finalize(boom),
    ),
  'returns an Observable whose teardown throws when it is cut off': () => later(() => undefined, boom),
  'throws in an abort listener': ({ signal }) => {
    signal.addEventListener('abort', boom)
    return never()
  },
  'rejects in an abort listener': ({ signal }) => {
    signal.addEventListener('abort', async () => boom())
    return never()
  },
  'throws in an abort listener that is an object': ({ signal }) => {
    signal.addEventListener('abort', { handleEvent: boom })
    return never()
  },
  'throws in onabort': ({ signal }) => {
    signal.onabort = boom
    return never()
  },
  'publishes in an abort listener, after its end': ({ signal, publish }) => {
    signal.addEventListener('abort', () => publish('late', '1', 1))
  },
  'writes something other than JSON into its state': ({ state }) => state.set('x', sore()),
}

/** Asserts that another job and listener work on, whatever the odd part does. */
async function beside(
  t: TestContext,
  part: Parameters<Awaited<ReturnType<typeof place>>['begin']>[0][number],
): Promise<void> {
  const here = await place(t)
  const heard: string[] = []
  let runs = 0
  const innocents = [
    job('innocent', every('1m'), () => void runs++),
    listener('innocent too', on('made'), ({ identifier }) => void heard.push(identifier), { from: 'start' }),
  ]
  const seen = await unhandled(async () => {
    const running = await here.begin([part, ...innocents])
    for (let n = 0; n < EVENTS; n++) await here.log.accept([{ type: 'made', identifier: String(n), data: n }])
    // Long enough for every attempt: the backoffs of five, and their timeouts.
    for (let step = 0; step < 30; step++) await here.clock.advance(10_000)
    const status = await running.status()
    assert.equal(status.jobs.length + status.listeners.length, 3)
    assert.ok((await operationsOf(here.log, running as never).status()).jobs.some(({ name }) => name === 'innocent'))
    assert.ok((await operationsOf(here.log, running as never).jobs.list()).some(({ name }) => name === 'innocent'))
    for (const { name, behind, running: going, retrying } of status.listeners)
      assert.deepEqual([behind + going, retrying], [0, 0], `${name} is not done`)
    assert.equal(runs, 5)
    assert.deepEqual(heard, ['0', '1', '2', '3', '4'])
    await here.end(running)
  })
  assert.deepEqual(seen, [])
}

describe('a run that fails in an odd way harms no other part:', () => {
  for (const [name, deed] of Object.entries(deeds)) {
    it(`it ${name}`, async (t) => {
      const options: JobOptions = { timeout: '1s', retry: 1 }
      await beside(t, job('odd', every('1m'), deed as never, options))
    })
  }

  const iterable = (steps: Partial<Record<'next' | 'return', () => unknown>>) => () => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: { type: 'x', identifier: '1', data: 1 } }),
      ...steps,
    }),
  })
  for (const [name, run] of Object.entries({
    'its iterator throws': iterable({ next: boom }),
    'its iterator answers nonsense': iterable({ next: () => 7 }),
    'its iterator never ends, and throws when it is ended': iterable({ return: boom }),
  }))
    it(name, (t) => beside(t, job('odd', every('1m'), run as never, { timeout: '1s' })))
})

describe('a schedule that fails harms no other part:', () => {
  const schedules: Record<string, Schedule> = {
    'its words throw': { next: (after) => new Date(+after + MINUTE), toString: boom },
    'its words are none': { next: (after) => new Date(+after + MINUTE), toString: () => ({}) as never },
    'it throws': { next: boom, toString: () => 's' },
    'it throws, and its words too': { next: boom, toString: boom },
    'it answers with no instant': { next: () => new Date(Number.NaN), toString: () => 's' },
    'it answers with the last instant': { next: () => new Date(8.64e15), toString: () => 's' },
    'it answers with what can not be looked at': { next: () => revoked() as Date, toString: () => 's' },
    'it changes the instant that it gave': (() => {
      const at = new Date(0)
      return { next: (after: Date) => (at.setTime(+after + MINUTE), at), toString: () => 's' }
    })(),
    'it gives an instant whose methods throw': {
      next: (after) => Object.assign(new Date(+after + MINUTE), { getTime: boom, toISOString: boom }),
      toString: () => 's',
    },
    'it is at the end of time': once(new Date(8.64e15)),
  }
  for (const [name, schedule] of Object.entries(schedules))
    it(name, (t) =>
      beside(
        t,
        job('odd', schedule, () => undefined),
      ),
    )

  it('its timeout ends after the last instant', (t) =>
    beside(
      t,
      job('odd', every('1m'), () => undefined, { timeout: Number.MAX_SAFE_INTEGER }),
    ))
})

describe('a listener that fails in an odd way harms no other part:', () => {
  const made = eventType('made')
  const options: ListenerOptions = { from: 'start', timeout: '1s', attempts: 3 }
  const odd = (source: On<any>, handle: (value: unknown, delivery: Delivery) => unknown, more: ListenerOptions = {}) =>
    listener('odd', source, handle as never, { ...options, ...more })

  for (const [name, deed] of Object.entries(deeds)) {
    it(`it ${name}`, (t) =>
      beside(
        t,
        odd(on(made), (_, delivery) => deed(delivery)),
      ))
  }

  const schema = (validate: () => unknown) =>
    eventType('made', { '~standard': { version: 1, vendor: 'odd', validate } } as never) as unknown as EventType
  const sources: Record<string, On<any>> = {
    'a test that throws': on(made).pipe(where(boom)),
    'a test that answers with what can not be looked at': on(made).pipe(where((() => revoked()) as never)),
    'an operator that throws when it is applied': on(made).pipe(boom as never),
    'an operator that makes no Observable': on(made).pipe((() => 7) as never),
    'an operator whose result throws when it is subscribed': on(made).pipe(() => new Observable(boom)),
    'an operator whose teardown throws': on(made).pipe(finalize(boom)),
    'an operator that never ends': on(made).pipe(() => new Observable(() => boom)),
    'a schema that throws': on(schema(boom)),
    'a schema that answers nonsense': on(schema(() => revoked())),
    'a schema that answers with a promise': on(schema(async () => boom())),
  }
  for (const [name, source] of Object.entries(sources))
    it(`it has ${name}`, (t) =>
      beside(
        t,
        odd(source, () => undefined),
      ))

  let calls = 0
  const orders: Record<string, (event: { readonly seq: number }) => unknown> = {
    'gives another key each time': () => `${calls++}`,
    'gives another key the second time': ({ seq }) => (calls++ % 2 === 0 ? 'a' : `b${seq}`),
    throws: boom,
    'throws now and then': () => (calls++ % 2 === 0 ? 'a' : boom()),
    'gives what can not be looked at': revoked,
    'gives what throws': () => ({ toString: boom }),
    'gives a symbol': () => Symbol('key'),
  }
  for (const [name, ordered] of Object.entries(orders)) {
    for (const concurrency of [1, 3])
      it(`its order ${name}, ${concurrency} at a time, and each event fails twice`, async (t) => {
        calls = 0
        const handle = (_: unknown, { attempt }: Delivery) => (attempt < 3 ? boom() : undefined)
        await beside(t, odd(on(made), handle, { ordered: ordered as never, concurrency }))
      })
  }
})
