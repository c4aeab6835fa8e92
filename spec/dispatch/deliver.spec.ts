import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import {
  asapScheduler,
  concatMap,
  concatWith,
  delay,
  EMPTY,
  filter,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  repeat,
  retry,
  subscribeOn,
  throwError,
  timeout,
} from 'rxjs'
import * as v from 'valibot'
import { Park } from '../../lib/core/control.ts'
import type { StoredEvent } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { gt } from '../../lib/filter/index.ts'
import { where } from '../../lib/filter/where.ts'
import { type Delivery, type Listener, type ListenerOptions, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import type { Parked } from '../../lib/log/port.ts'
import { type Place, place, unhandled } from '../support/agent-harness.ts'
import { until } from '../support/until.ts'

const made = eventType('made').of<{ n: number }>()
const drafts = (...numbers: number[]) => numbers.map((n) => made(String(n), { n }))
const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

async function parkedOf({ log }: Place, name = 'hear'): Promise<Parked[]> {
  const consumer = await log.consumer(name, { start: 'now' })
  const all: Parked[] = []
  for await (const parked of consumer.parked()) all.push(parked)
  return all
}

/** Lets these listeners hear drafts that are accepted while they listen, for some time. */
async function hear(here: Place, parts: readonly Listener[], events: readonly ReturnType<typeof made>[], ms = 1000) {
  const running = await here.begin(parts)
  await here.log.accept(events)
  await here.clock.advance(ms)
  return running
}

const simply: ListenerOptions<never> = { attempts: 1 }

describe('the delivery that a handler receives', () => {
  const names = 'attempt event exec fetch index key logger now publish secret signal state'.split(' ')
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

  it('can be destructured, and its functions work on their own', async (t) => {
    const here = await place(t, new Date('2026-03-01T00:00:00Z'))
    const seen: unknown[] = []
    const handle = async (_: unknown, delivery: Delivery<never>): Promise<void> => {
      const { event, attempt, index, key, signal, publish, state, fetch, exec, now, logger, secret } = delivery
      seen.push((event as StoredEvent).identifier, attempt, index, signal.aborted, typeof fetch, now())
      assert.match(key, uuid)
      state.set('n', (await state.get('n', 0)) + 1)
      seen.push((await publish('other', '1', null)).status, await state.get('n'))
      seen.push((await exec(process.execPath, ['-p', '6 * 7'])).stdout.trim())
      assert.throws(() => secret('MISSING'), { code: 'TIDINGS_SECRET_MISSING' })
      logger.info({}, 'destructured')
    }
    await here.begin([listener('hear', on(made), handle, simply)])
    await here.log.accept(drafts(1))
    await until(() => here.notes.said('destructured').length + here.notes.said('listener failed').length > 0)
    assert.deepEqual(seen, ['1', 1, 0, false, 'function', here.clock.now(), 'new', 1, '42'])
    assert.deepEqual(await parkedOf(here), [])
  })

  it('has the same signal, state and key whenever it is asked, and another index for each value', async (t) => {
    const here = await place(t)
    const deliveries: Delivery[] = []
    const twice = on(made).pipe(mergeMap(({ data }) => [data.n, data.n]))
    const handle = (_: unknown, delivery: Delivery<never>) => void deliveries.push(delivery)
    await hear(here, [listener('hear', twice, handle)], drafts(1))
    const [first, second] = deliveries as [Delivery, Delivery]
    assert.deepEqual([first.index, second.index], [0, 1])
    assert.notEqual(first.key, second.key)
    assert.deepEqual([first.key, first.signal, first.state], [first.key, second.signal, second.state])
    assert.equal(first.signal, second.signal)
    assert.equal(first.state, second.state)
    assert.equal(first.signal.aborted, true)
  })

  it('is complete however a handler takes its arguments', async (t) => {
    const here = await place(t)
    const members: (readonly (readonly [name: string, type: string])[])[] = []
    const read = (delivery: Delivery<object> | undefined): void =>
      void members.push(names.map((name) => [name, typeof delivery?.[name as keyof Delivery]]))
    const parts = [
      listener('named', on(made), (_, delivery) => read(delivery)),
      listener('rest', on(made), (_, ...rest) => read(rest[0])),
      listener('all', on(made), (...all) => read(all[1])),
      listener('async', on(made), async (...all) => read(all[1])),
      listener('arguments', on(made), function () {
        // biome-ignore lint/complexity/noArguments: one of the ways to read it
        read(arguments[1])
      }),
      listener(
        'mock',
        on(made),
        t.mock.fn((_: unknown, delivery: Delivery<object>) => read(delivery)),
      ),
    ]
    await hear(here, parts, drafts(1))
    const types = ['number', 'object', 'function', 'function', 'number', 'string', 'object']
    types.push('function', 'function', 'function', 'object', 'object')
    assert.deepEqual(
      members,
      parts.map(() => names.map((name, i) => [name, types[i]])),
    )
  })
})

describe('handlers that are done at once', () => {
  it('leave others their turn, however many events there are', async (t) => {
    const here = await place(t)
    let heard = 0
    let turns = 0
    const handle = (): void => {
      heard += 1
      // Each takes 1 ms of the clock that the loop is watched by.
      here.clock.step(1)
    }
    await here.begin([listener('hear', on(made), handle)])
    await here.log.accept(drafts(...Array.from({ length: 500 }, (_, n) => n)))
    while (heard < 500 && turns < 10_000) {
      await turn()
      turns += 1
    }
    assert.equal(heard, 500)
    assert.ok(turns >= 50, `${turns} turns`)
  })
})

describe('a pipe', () => {
  it('passes each event to the handler, in order, one at a time', async (t) => {
    const here = await place(t)
    let going = 0
    const heard: number[] = []
    const running = await hear(
      here,
      [
        listener('hear', on(made), async ({ data }) => {
          assert.equal(++going, 1)
          await turn()
          heard.push(data.n)
          going -= 1
        }),
      ],
      drafts(1, 2, 3, 4),
    )
    assert.deepEqual(heard, [1, 2, 3, 4])
    assert.deepEqual((await running.status()).listeners, [
      { name: 'hear', behind: 0, running: 0, retrying: 0, parked: 0 },
    ])
  })

  it('is made of any operators: tests, paths, maps, flattenings; narrow types reach the handler', async (t) => {
    const here = await place(t)
    const heard: unknown[] = []
    const words = on(made).pipe(
      where('data.n', gt(1)),
      where((event) => event.data.n < 5),
      map((event) => event.data.n),
      mergeMap((n) => of(n).pipe(delay(1))),
      concatMap((n) => [`${n}a`, `${n}b`]),
      filter((word) => word !== '3a'),
    )
    await here.begin([listener('hear', words, (word, { event, index }) => void heard.push([word, event.seq, index]))])
    await here.log.accept(drafts(1, 2, 3, 4, 5))
    for (let wait = 0; wait < 50 && heard.length < 5; wait++) await new Promise((resolve) => setTimeout(resolve, 2))
    assert.deepEqual(heard, [
      ['2a', 2, 0],
      ['2b', 2, 1],
      ['3b', 3, 0],
      ['4a', 4, 0],
      ['4b', 4, 1],
    ])
  })

  it('that emits nothing lets the event pass: the cursor moves on, for good', async (t) => {
    const here = await place(t)
    let handled = 0
    const parts = [
      listener('filtered', on(made).pipe(where(() => false)), () => void (handled += 1)),
      listener('empty', on(made).pipe(mergeMap(() => EMPTY)), () => void (handled += 1)),
    ]
    await here.end(await hear(here, parts, drafts(1, 2, 3)))
    for await (const { name, cursor } of here.log.consumers()) assert.equal(cursor, 3, name)
    await hear(here, parts, [])
    assert.equal(handled, 0)
  })

  it('that makes several values has them handled one after another; the ack follows the last', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    let going = 0
    const running = await here.begin([
      listener(
        'hear',
        on(made).pipe(mergeMap(({ data }) => [1, 2, 3].map((i) => `${data.n}.${i}`))),
        async (value, { index }) => {
          assert.equal(++going, 1)
          happened.push(`${value} at ${index}`)
          await new Promise<void>((resolve) => void here.clock.timer(resolve, 1000))
          going -= 1
        },
      ),
    ])
    await here.log.accept(drafts(1, 2))
    await here.clock.advance(2999)
    assert.deepEqual(happened, ['1.1 at 0', '1.2 at 1', '1.3 at 2'])
    assert.equal((await running.status()).listeners[0]?.running, 2)
    await here.clock.advance(1)
    assert.equal((await running.status()).listeners[0]?.running, 1)
    await here.clock.advance(3000)
    assert.deepEqual(happened.slice(3), ['2.1 at 0', '2.2 at 1', '2.3 at 2'])
  })

  it('begins from the first value when it is tried again', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    const keys: string[] = []
    await hear(
      here,
      [
        listener('hear', on(made).pipe(mergeMap(() => ['a', 'b', 'c'])), (value, { index, attempt, key }) => {
          happened.push(`${value}${index} ${attempt}`)
          keys.push(key)
          if (value === 'b' && attempt === 1) throw new Error('no')
        }),
      ],
      drafts(1),
      60_000,
    )
    assert.deepEqual(happened, ['a0 1', 'b1 1', 'a0 2', 'b1 2', 'c2 2'])
    assert.deepEqual(keys.slice(0, 2), keys.slice(2, 4))
    assert.equal(new Set(keys).size, 3)
  })

  it('that errors is a failure, also after it emitted', async (t) => {
    const here = await place(t)
    let handled = 0
    const broken = mergeMap((event: StoredEvent) => of(event).pipe(concatWith(throwError(() => new Error('no')))))
    await hear(here, [listener('hear', on(made).pipe(broken), () => void (handled += 1), simply)], drafts(1))
    assert.equal(handled, 1)
    assert.deepEqual(
      (await parkedOf(here)).map(({ error }) => error.message),
      ['no'],
    )
  })

  it('that throws as it is put together is a failure', async (t) => {
    const here = await place(t)
    const broken = () => {
      throw new Error('no')
    }
    await hear(here, [listener('hear', on(made).pipe(broken), () => undefined, simply)], drafts(1))
    assert.equal((await parkedOf(here)).length, 1)
  })

  it('may look at the clock of rxjs: timeout ends an event that takes too long', async (t) => {
    const here = await place(t)
    const slow = on(made).pipe(
      mergeMap(() => NEVER),
      timeout({ first: 20 }),
    )
    await here.begin([listener('hear', slow, () => undefined, simply)])
    await here.log.accept(drafts(1))
    for (let wait = 0; wait < 100 && here.notes.said('event parked').length === 0; wait++)
      await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(
      (await parkedOf(here)).map(({ error }) => error.name),
      ['TimeoutError'],
    )
  })

  it('sees its own event alone, however late or often an operator subscribes to it, and however many go on', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    let failures = 0
    const again = on(made).pipe(
      mergeMap(async (event) => {
        await turn()
        if (failures < 4) {
          failures += 1
          throw new Error(`not yet ${event.data.n}`)
        }
        return event.data.n
      }),
      retry({ count: 5, delay: () => from(turn()) }),
    )
    const twice = on(made).pipe(
      map((event) => event.data.n),
      repeat({ count: 2, delay: () => from(turn()) }),
    )
    const later = on(made).pipe(
      subscribeOn(asapScheduler),
      map((event) => event.data.n),
    )
    const options = { concurrency: 4, attempts: 1 }
    const say =
      (what: string) =>
      (n: number, { event }: Delivery<StoredEvent<'made', { n: number }>>): void => {
        assert.equal(n, event.data.n, what)
        heard.push(`${what} ${n}`)
      }
    await hear(
      here,
      [
        listener('again', again, say('again'), options),
        listener('twice', twice, say('twice'), options),
        listener('later', later, say('later'), options),
      ],
      drafts(1, 2, 3, 4),
    )
    for (const name of ['again', 'twice', 'later']) assert.deepEqual(await parkedOf(here, name), [], name)
    assert.deepEqual(
      heard.sort(),
      [1, 2, 3, 4].flatMap((n) => [`again ${n}`, `later ${n}`, `twice ${n}`, `twice ${n}`]).sort(),
    )
  })
})

describe('a handler', () => {
  const results: Record<string, (done: () => void) => unknown> = {
    'a promise': async (done) => {
      await turn()
      done()
    },
    'a thenable': (done) => ({
      // oxlint-disable-next-line unicorn/no-thenable -- that is what is handed in
      then: (resolve: (value?: unknown) => void) => setImmediate(() => (done(), resolve())),
    }),
    'an Observable': (done) =>
      new Observable((subscriber) => {
        subscriber.next(1)
        void turn().then(() => (subscriber.next(2), done(), subscriber.complete()))
      }),
    'a promise of an Observable': async (done) =>
      new Observable((subscriber) => void turn().then(() => (done(), subscriber.complete()))),
  }
  for (const [what, result] of Object.entries(results)) {
    it(`is run to its end when it returns ${what}`, async (t) => {
      const here = await place(t)
      const happened: string[] = []
      const running = await hear(
        here,
        [
          listener('hear', on(made), ({ data }) => {
            happened.push(`begin ${data.n}`)
            return result(() => happened.push(`end ${data.n}`))
          }),
        ],
        drafts(1, 2),
      )
      assert.deepEqual(happened, ['begin 1', 'end 1', 'begin 2', 'end 2'])
      assert.equal((await running.status()).listeners[0]?.running, 0)
    })
  }

  const failures: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('no')
    },
    rejects: () => Promise.reject(new Error('no')),
    'returns an Observable that errors': () => throwError(() => new Error('no')),
    'returns a promise of an Observable that errors': async () => throwError(() => new Error('no')),
    'throws what is no error': () => {
      throw 'no' as unknown
    },
  }
  for (const [how, handle] of Object.entries(failures)) {
    it(`has failed when it ${how}`, async (t) => {
      const here = await place(t)
      const seen = await unhandled(async () => {
        await hear(here, [listener('hear', on(made), handle, simply)], drafts(1, 2))
      })
      assert.deepEqual(seen, [])
      assert.deepEqual(
        (await parkedOf(here)).map(({ event, error }) => [event.seq, error.message]),
        [
          [1, how === 'throws what is no error' ? '"no"' : 'no'],
          [2, how === 'throws what is no error' ? '"no"' : 'no'],
        ],
      )
    })
  }

  it('returns anything else in vain', async (t) => {
    const here = await place(t)
    const returned: unknown[] = [null, 0, '', 'no', {}, [new Error('no')], () => undefined, Symbol('no')]
    await hear(
      here,
      [listener('hear', on(made), ({ data }) => returned[data.n], simply)],
      drafts(0, 1, 2, 3, 4, 5, 6, 7),
    )
    assert.deepEqual(await parkedOf(here), [])
  })

  it('is told of its event, its attempt, its index and the time', async (t) => {
    const here = await place(t)
    let seen: Delivery | undefined
    await hear(
      here,
      [
        listener('hear', on(made), (event, delivery) => {
          seen = delivery
          assert.equal(event, delivery.event)
          assert.equal(delivery.now(), here.clock.now())
          assert.equal(typeof delivery.fetch, 'function')
          assert.equal(typeof delivery.secret, 'function')
          assert.equal(delivery.signal.aborted, false)
        }),
      ],
      drafts(7),
    )
    assert.deepEqual([seen?.event.seq, seen?.attempt, seen?.index], [1, 1, 0])
    assert.throws(() => {
      Object.assign(seen?.event.data as object, { n: 8 })
    }, TypeError)
  })

  it('hears the same event as everybody else: nobody can change it for the others', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    await hear(
      here,
      ['a', 'b'].map((name) =>
        listener(
          name,
          on(made),
          (event) => {
            heard.push(event.data.n)
            Object.assign(event.data, { n: 99 })
          },
          simply,
        ),
      ),
      drafts(1),
    )
    assert.deepEqual(heard, [1, 1])
    assert.equal((await parkedOf(here, 'a'))[0]?.error.name, 'TypeError')
  })

  it('is timed out: its signal aborts, its Observables are left, and it has failed', async (t) => {
    const here = await place(t)
    const signals: AbortSignal[] = []
    let left = 0
    const stuck = [
      listener(
        'promise',
        on(made),
        (_, { signal }) => {
          signals.push(signal)
          return new Promise(() => undefined)
        },
        { ...simply, timeout: '3s' },
      ),
      listener(
        'observable',
        on(made),
        (_, { signal }) => {
          signals.push(signal)
          return new Observable(() => () => (left += 1))
        },
        { ...simply, timeout: '3s' },
      ),
      listener('pipe', on(made).pipe(mergeMap(() => new Observable(() => () => (left += 1)))), () => undefined, {
        ...simply,
        timeout: '3s',
      }),
    ]
    await hear(here, stuck, drafts(1), 2999)
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [false, false],
    )
    await here.clock.advance(1)
    assert.deepEqual(
      signals.map(({ aborted, reason }) => [aborted, codeOf(reason)]),
      [
        [true, 'TIDINGS_LISTENER_TIMEOUT'],
        [true, 'TIDINGS_LISTENER_TIMEOUT'],
      ],
    )
    assert.equal(left, 2)
    for (const { name } of stuck) assert.equal((await parkedOf(here, name))[0]?.error.code, 'TIDINGS_LISTENER_TIMEOUT')
  })

  it('is timed out although what it leaves behind throws then', async (t) => {
    const here = await place(t)
    const stuck = () =>
      new Observable(() => () => {
        throw new Error('left')
      })
    const parts = [
      listener('handler', on(made), stuck, { ...simply, timeout: '3s' }),
      listener('pipe', on(made).pipe(mergeMap(stuck)), () => undefined, { ...simply, timeout: '3s' }),
    ]
    await hear(here, parts, drafts(1), 3000)
    for (const { name } of parts) assert.equal((await parkedOf(here, name))[0]?.error.code, 'TIDINGS_LISTENER_TIMEOUT')
  })

  it('may throw what nobody can read: it is parked, and the next is handled', async (t) => {
    const here = await place(t)
    const unreadable = Object.defineProperty(new Error(), 'message', { get: () => assert.fail('looked') })
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const heard: string[] = []
    const throws = (thrown: unknown) => (event: { readonly identifier: string }) => {
      if (event.identifier === '1') throw thrown
      heard.push(event.identifier)
    }
    const parts = [
      listener('at once', on(made), throws(unreadable), { ...simply, ordered: true }),
      listener('later', on(made), async (event) => throws(proxy)(event), { ...simply, ordered: true }),
      listener('emitted', on(made).pipe(concatMap((event) => of(event).pipe(delay(0), map(throws(proxy))))), () => {}, {
        ...simply,
        ordered: true,
      }),
    ]
    await hear(here, parts, drafts(1, 2), 1000)
    for (let wait = 0; wait < 50 && heard.length < 3; wait++) await new Promise((resolve) => setTimeout(resolve, 2))
    assert.deepEqual(heard, ['2', '2', '2'])
    for (const { name } of parts) assert.equal((await parkedOf(here, name)).length, 1)
  })

  it('is timed out after half a minute when nothing else is said', async (t) => {
    const here = await place(t)
    await hear(here, [listener('hear', on(made), () => NEVER)], drafts(1), 29_999)
    assert.deepEqual(here.notes.said('listener failed'), [])
    await here.clock.advance(1)
    assert.equal(here.notes.said('listener failed').length, 1)
  })

  it('is over from the moment it is timed out: what it emits later is not handled', async (t) => {
    const here = await place(t)
    const handled: string[] = []
    const late = on(made).pipe(
      mergeMap(async () => {
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 10_000))
        return 'late'
      }),
    )
    await hear(
      here,
      [listener('hear', late, (value) => void handled.push(value), { ...simply, timeout: '1s' })],
      drafts(1),
      20_000,
    )
    assert.deepEqual(handled, [])
  })
})

describe('what a handler publishes', () => {
  const follow = eventType('follow').of<{ n: number }>()

  it('follows from its event: cause says which', async (t) => {
    const here = await place(t)
    const answers: unknown[] = []
    await hear(
      here,
      [
        listener('hear', on(made), async ({ data }, { publish }) => {
          answers.push(await publish(follow, String(data.n), { n: data.n * 2 }))
        }),
      ],
      drafts(5, 6),
    )
    const events = await here.events()
    assert.deepEqual(
      events.map(({ type, identifier, cause, job }) => [type, identifier, cause, job]),
      [
        ['made', '5', undefined, undefined],
        ['made', '6', undefined, undefined],
        ['follow', '5', 1, undefined],
        ['follow', '6', 2, undefined],
      ],
    )
    assert.deepEqual(
      answers.map((answer) => (answer as { status: string }).status),
      ['new', 'new'],
    )
  })

  it('is what it was then, whatever becomes of it', async (t) => {
    const here = await place(t)
    const handle = (_: unknown, { publish }: Delivery<unknown>): void => {
      const data = { n: 1 }
      publish(follow, '1', data)
      data.n = 2
    }
    await hear(here, [listener('hear', on(made), handle)], drafts(5))
    const [, event] = await here.events()
    assert.deepEqual(event?.data, { n: 1 })
  })

  it('is waited for, and fails the delivery when it is refused, awaited or not, caught or not', async (t) => {
    const here = await place(t)
    const ways: ((publish: Delivery['publish']) => unknown)[] = [
      (publish) => void publish('follow', '1', 1n),
      (publish) => publish('follow', '1', 1n).catch(() => undefined),
      (publish) => publish('follow', '1', 1n),
      (publish) => {
        void publish('follow', '1', 1n)
        void publish('follow', '2', Number.NaN)
      },
    ]
    const seen = await unhandled(async () => {
      await hear(
        here,
        ways.map((way, i) => listener(`hear ${i}`, on(made), (_, { publish }) => way(publish), simply)),
        drafts(1),
      )
    })
    assert.deepEqual(seen, [])
    for (const i of [0, 1, 2]) assert.equal((await parkedOf(here, `hear ${i}`))[0]?.error.code, 'TIDINGS_DATA_INVALID')
    assert.match((await parkedOf(here, 'hear 3'))[0]?.error.message ?? '', /bigint|1n[^;]*;.*NaN/)
  })

  it('is refused once the delivery has ended, from the moment on that its signal aborts', async (t) => {
    const here = await place(t)
    const late: Promise<unknown>[] = []
    let kept: Delivery['publish'] | undefined
    const seen = await unhandled(async () => {
      await hear(
        here,
        [
          listener(
            'slow',
            on(made),
            (_, { publish, signal }) => {
              signal.addEventListener('abort', () => late.push(publish(follow, 'late', { n: 1 })))
              return new Promise(() => undefined)
            },
            { ...simply, timeout: '1s' },
          ),
          listener('quick', on(made), (_, { publish }) => {
            kept = publish
          }),
        ],
        drafts(1),
        2000,
      )
      late.push((kept as Delivery['publish'])(follow, 'late', { n: 1 }))
      void (kept as Delivery['publish'])(follow, 'unheard', { n: 1 })
    })
    assert.deepEqual(seen, [])
    assert.equal(late.length, 2)
    for (const publish of late) await assert.rejects(publish, { code: 'TIDINGS_RUN_ENDED' })
    assert.ok((await here.events()).every(({ type }) => type !== 'follow'))
  })

  it('is told once, though its delivery is tried again', async (t) => {
    const here = await place(t)
    let told = 0
    await hear(
      here,
      [
        listener('hear', on(made), async (_, { publish, attempt }) => {
          await publish(follow, 'one', { n: 1 })
          if (attempt < 3) throw new Error('no')
        }),
        listener('count', on(follow), () => void (told += 1)),
      ],
      drafts(1),
      60_000,
    )
    assert.equal(told, 1)
  })
})

describe('the state of a listener', () => {
  it('is seen at once, kept with the ack, dropped with a failure, and seen after a restart', async (t) => {
    const here = await place(t)
    const seen: unknown[] = []
    const count = listener('count', on(made), async ({ data }, { state, attempt }) => {
      const n = (await state.get<number>('n')) ?? 0
      state.set('n', n + data.n)
      seen.push([data.n, attempt, n, await state.get('n')])
      if (data.n === 10 && attempt === 1) throw new Error('no')
    })
    await here.end(await hear(here, [count], drafts(1, 10), 60_000))
    assert.deepEqual(seen, [
      [1, 1, 0, 1],
      [10, 1, 1, 11],
      [10, 2, 1, 11],
    ])
    await hear(here, [count], drafts(100))
    assert.deepEqual(seen[3], [100, 1, 11, 111])
  })

  it('fails the delivery when a key is none, and delivery goes on', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const seen = await unhandled(async () => {
      await hear(
        here,
        [
          listener(
            'hear',
            on(made),
            ({ data }, { state }) => {
              heard.push(data.n)
              if (data.n === 1) state.set('', 1)
              if (data.n === 2) state.set('x'.repeat(2000), 1)
              if (data.n === 3) state.set('at', new Date(0))
            },
            simply,
          ),
        ],
        drafts(1, 2, 3, 4),
      )
    })
    assert.deepEqual(seen, [])
    assert.deepEqual(heard, [1, 2, 3, 4])
    assert.deepEqual(
      (await parkedOf(here)).map(({ event }) => event.seq),
      [1, 2, 3],
    )
  })
})

describe('an event whose type has a schema', () => {
  const now = eventType('made', v.object({ n: v.number(), name: v.string() }))

  it('is checked again when it is delivered, and parked at once when it no longer fits', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    await here.begin([listener('hear', on(now), ({ data }) => void heard.push(data.name))])
    await here.log.accept([...drafts(1), now('2', { n: 2, name: 'two' })])
    await here.clock.advance(60_000)
    assert.deepEqual(heard, ['two'])
    const [parked, ...others] = await parkedOf(here)
    assert.deepEqual(others, [])
    assert.deepEqual([parked?.event.seq, parked?.attempts, parked?.error.code], [1, 1, 'TIDINGS_EVENT_OUTDATED'])
    assert.match(parked?.error.message ?? '', /name/)
  })

  it('is not checked for listeners that know only its name', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    await hear(here, [listener('hear', on('made'), ({ seq }) => void heard.push(seq))], drafts(1))
    assert.deepEqual(heard, [1])
  })

  it('is told as the schema made it, even though that does not fit the schema any more', async (t) => {
    const here = await place(t)
    const parsed = eventType('parsed', v.object({ n: v.pipe(v.string(), v.transform(Number)) }))
    const heard: unknown[] = []
    await here.begin([listener('hear', on(parsed), ({ data }) => void heard.push(data))])
    await here.log.accept([parsed('1', { n: '42' })])
    await here.clock.advance(1000)
    assert.deepEqual(heard, [{ n: 42 }])
    assert.deepEqual(await parkedOf(here), [])
  })

  it('has failed when its schema throws or answers later, and delivery goes on', async (t) => {
    for (const validate of [
      (value: unknown): never => {
        throw new Error(`no ${JSON.stringify(value)}`)
      },
      async () => ({ value: 1 }),
    ]) {
      const here = await place(t)
      const heard: number[] = []
      const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'spec', validate } }
      const broken = eventType('made', schema)
      const seen = await unhandled(async () => {
        const running = await hear(
          here,
          [
            listener('broken', on(broken), () => undefined, simply),
            listener('fine', on('made'), ({ seq }) => void heard.push(seq)),
          ],
          drafts(1, 2),
        )
        assert.deepEqual((await running.status()).listeners[0], {
          name: 'broken',
          behind: 0,
          running: 0,
          retrying: 0,
          parked: 2,
        })
      })
      assert.deepEqual(seen, [])
      assert.deepEqual(heard, [1, 2])
    }
  })
})

describe('Park', () => {
  it('sets an event aside at once, with its reason', async (t) => {
    const here = await place(t)
    let handled = 0
    await hear(
      here,
      [
        listener('hear', on(made), () => {
          handled += 1
          throw new Park('no such project')
        }),
      ],
      drafts(1),
      3600_000,
    )
    assert.equal(handled, 1)
    const [parked] = await parkedOf(here)
    assert.deepEqual(
      [parked?.attempts, parked?.error.message, parked?.error.code],
      [1, 'no such project', 'TIDINGS_PARKED'],
    )
  })
})
