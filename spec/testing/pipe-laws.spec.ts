import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { debounceTime, delay, map, mergeMap, NEVER } from 'rxjs'
import { all, any, changed, countWithin, crossed, digest, eq, gt, not, settled, some } from '../../lib/filters.ts'
import { eventType, type Listener, listener, matching, on, where } from '../../lib/index.ts'
import { arbEvent, type PipeLawOptions, pipeLaws } from '../../lib/testing/index.ts'
import * as broken from './broken-pipes.ts'
import { type Order, order } from './broken-pipes.ts'
import { messageOf, onlyFails } from './only-law.ts'

const data: fc.Arbitrary<Order> = fc.record({
  customer: fc.constantFrom('ann', 'bob', 'cleo'),
  cents: fc.nat(5000),
  items: fc.array(fc.constantFrom('tea', 'milk'), { maxLength: 3 }),
})
const events = arbEvent(order, { data })
const options: PipeLawOptions<ReturnType<typeof events.generate>['value']> = { events, numRuns: 40 }

type Subject = Listener | (() => Listener)
type Mistake = readonly [mistake: string, subject: Subject, ...finding: RegExp[]]

const together = 'events one at a time give what they give together'
const restart = 'a restart between two events changes nothing'
const fails = 'an event that fits its type never makes it fail'
const reached = 'each of its tests is true for some events and false for others'

/** For each law, the mistakes that only it finds: the finding, and the lines of its report. */
const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  [together]: [
    [
      'distinctUntilChanged has nothing to compare',
      broken.distinctCustomers,
      /operators distinctUntilChanged look across events/,
      /\n {2}event 1, .*: order "\w" \{"customer":"ann","cents":0,"items":\[\]\}\n {2}event 2, .*"ann".*\n {2}one at a time .*\n {2}together /,
    ],
    [
      'a sum starts over',
      broken.sold,
      /operators scanInternals look across events/,
      /one at a time they give 0, 1\n|together they give/,
    ],
  ],
  [restart]: [
    [
      'customers are known from a variable',
      broken.newCustomers,
      /event 2 is filtered out; where the process restarts, it passes as event 2\n/,
      /\n {2}event 1, .*\n {2}restart\n {2}event 2, /,
    ],
    [
      'orders are numbered by a variable',
      broken.numbered,
      /event 1 passes as "\d+\. ann"; where .* it passes as "\d+\. ann"/,
    ],
  ],
  [fails]: [
    [
      'an order without items',
      broken.firstItem,
      /the pipe throws TypeError: Cannot read properties of undefined \(reading 'trim'\)\n {2}event 1, .*"items":\[\]\}\n {2}at .*broken-pipes/,
    ],
    [
      'an order without a price',
      broken.share,
      /the pipe throws RangeError: a share of nothing\n {2}event 1, .*"cents":0/,
    ],
  ],
  [reached]: [
    [
      'a price that no order has',
      broken.tooHigh,
      /\n {2}where\('data\.cents', gt\(1000000\)\) was never true\n {2}for \d+ events/,
    ],
    ['a name with a blank', broken.misspelt, /\n {2}where\('data\.customer', eq\('ann '\)\) was never true\n/],
    ['an identifier always changes', broken.alwaysChanged, /\n {2}changed\('identifier'\) was never false\n/],
  ],
}

for (const [law, found] of Object.entries(mistakes)) {
  describe(`only the law "${law}" finds that`, () => {
    for (const [mistake, subject, ...words] of found) {
      it(mistake, async () => {
        await onlyFails(law, pipeLaws(subject, options), words)
      })
    }
  })
}

it('every law has at least two mistakes that only it finds', () => {
  assert.deepEqual(Object.keys(mistakes), Object.keys(pipeLaws(broken.tooHigh, options)))
  for (const [law, found] of Object.entries(mistakes)) assert(found.length >= 2, law)
})

const build = eventType('build').of<{ branch: string; state: 'green' | 'red'; seconds: number }>({ changed: true })
const builds = arbEvent(build, {
  identifier: fc.constantFrom('1', '2'),
  data: fc.record({
    branch: fc.constantFrom('main', 'next'),
    state: fc.constantFrom('green', 'red'),
    seconds: fc.nat(100),
  }),
})

const good: Readonly<Record<string, () => Record<string, () => Promise<void>>>> = {
  'has no operators': () =>
    pipeLaws(
      listener('all', on(order), () => undefined),
      options,
    ),
  'tests in many ways': () => {
    const wanted = any(eq<string>('ann'), not(eq('bob')))
    const pipe = on(order).pipe(
      where('data.customer', wanted),
      where(
        all(
          (each) => each.data.cents > 10,
          (each) => each.data.cents < 4000,
        ),
      ),
      where('data.items', some(eq('tea'))),
      map(({ data }) => data.cents),
    )
    return pipeLaws(
      listener('many', pipe, () => undefined),
      options,
    )
  },
  'hands out functions': () =>
    pipeLaws(
      listener('doer', on(order).pipe(map((event) => ({ event, send: () => event.data.cents }))), ({ send }) => send()),
      options,
    ),
  'takes its time': () =>
    pipeLaws(
      listener(
        'slow',
        on(order).pipe(
          mergeMap(async ({ data }) => data.cents),
          delay(0),
        ),
        () => undefined,
      ),
      { ...options, numRuns: 5 },
    ),
  matches: () =>
    pipeLaws(
      listener('m', on(matching({ type: ['in', ['order', 'build']], 'data.cents': ['>', 100] })), () => undefined),
      {
        events: fc.oneof(events, builds),
        numRuns: 40,
      },
    ),
  'remembers per branch': () =>
    pipeLaws(
      () =>
        listener(
          'turned',
          on(build).pipe(
            changed('data.state', { per: 'data.branch' }),
            map(({ data }) => data.state),
          ),
          () => undefined,
        ),
      { events: builds, numRuns: 60 },
    ),
  'waits, counts and crosses a level': () =>
    pipeLaws(
      listener(
        'slower',
        on(build).pipe(settled('data.state', '10m'), crossed('data.seconds', 50), countWithin(2, '10d')),
        () => undefined,
      ),
      { events: builds, numRuns: 100 },
    ),
  collects: () =>
    pipeLaws(
      listener('evening', on(build).pipe(where('data.seconds', gt(50)), digest({ every: '1d' })), () => undefined),
      {
        events: builds,
        numRuns: 40,
      },
    ),
}

describe('pipeLaws', () => {
  for (const [what, laws] of Object.entries(good)) {
    describe(`of a pipe that ${what}`, () => {
      for (const [name, law] of Object.entries(laws())) it(name, law)
    })
  }

  it('report seed and path, which show the same case again', async () => {
    const message = await messageOf(pipeLaws(broken.firstItem, options)[fails])
    const [, seed, path] = /to see it again: \{ seed: (\d+), path: '(\d+)' \}$/.exec(message ?? '') ?? []
    const again = await messageOf(
      pipeLaws(broken.firstItem, { ...options, seed: Number(seed), ...(path && { path }) })[fails],
    )
    assert.equal(again?.split('\n')[2], message?.split('\n')[2])
  })

  it('fail when the listener hears none of the events', async () => {
    const message = await messageOf(pipeLaws(broken.tooHigh, { events: builds, numRuns: 3 })[together])
    assert.equal(message, `listener "buyers" heard no event, so the law "${together}" was not tested: see events`)
  })

  it('find events that do not fit their own schema', async () => {
    const strict = eventType('order', {
      '~standard': { version: 1, vendor: 'mine', validate: () => ({ issues: [{ message: 'no' }] }) },
    })
    const subject = listener('strict', on(strict), () => undefined)
    assert.match(
      (await messageOf(pipeLaws(subject, options)[fails])) ?? '',
      /the given events do not fit their own type: event 1 /,
    )
  })

  it('find an operator on time that waits for the next event', async () => {
    const subject = listener('calm', on(order).pipe(debounceTime(20)), () => undefined)
    assert.match(
      (await messageOf(pipeLaws(subject, { ...options, numRuns: 10 })[together])) ?? '',
      /operators debounceTime look across/,
    )
  })

  it('end with the first case in which a pipe hangs', async () => {
    let heard = 0
    const pipe = on(order).pipe(
      mergeMap(() => {
        heard += 1
        return NEVER
      }),
    )
    const laws = pipeLaws(
      listener('hangs', pipe, () => undefined, { timeout: 20 }),
      options,
    )
    for (const [name, law] of Object.entries(laws)) {
      heard = 0
      const message = (await messageOf(law)) ?? ''
      assert.match(message, /the pipe took longer than the timeout of 20 ms\n {2}event 1/, name)
      assert.equal(heard, 1, name)
    }
  })

  it('reject something other than a listener', () => {
    assert.throws(() => pipeLaws(on(order) as never, options), { code: 'TIDINGS_LISTENER_INVALID' })
    assert.throws(
      () => pipeLaws((() => 7) as never, options),
      /laws need a listener, or a function that returns one, got 7/,
    )
  })
})
