import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { list, seqs } from '../../lib/testing/log-bench.ts'
import { fatesOf, type Stage } from './memory-fold.ts'
import { type Settings, type Told, World } from './memory-world.ts'

const SECOND = 1000

/** Something that happens to a listener and its log. Times in seconds. */
type Happening =
  | { readonly is: 'event'; readonly data: Told; readonly after: number }
  | { readonly is: 'other' }
  | { readonly is: 'pass'; readonly seconds: number }
  | { readonly is: 'step'; readonly seconds: number }
  | { readonly is: 'down' }
  | { readonly is: 'up'; readonly settings: Settings }
  | { readonly is: 'crash'; readonly turns: number }
  | { readonly is: 'fail'; readonly operation: 'write' | 'write kept' | 'read'; readonly times: number }
  | { readonly is: 'redeliver'; readonly which: readonly number[] }
  | { readonly is: 'release' }

interface Story {
  readonly stages: readonly Stage[]
  readonly settings: Settings
  readonly happenings: readonly Happening[]
}

const is = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)
const optional = { requiredKeys: ['is', 'per'] as ('is' | 'per')[] }

const simple: fc.Arbitrary<Stage>[] = [
  fc.record({ is: is('changed'), per: fc.boolean() }),
  fc.record(
    {
      is: is('crossed'),
      per: fc.boolean(),
      band: fc.constantFrom(0, 1),
      direction: fc.constantFrom('up' as const, 'down' as const),
    },
    { requiredKeys: ['is', 'per', 'band'] },
  ),
  fc.record({ is: is('firstPer'), every: fc.constantFrom(1, 10, 60) }),
  fc.record({
    is: is('countWithin'),
    per: fc.boolean(),
    n: fc.constantFrom(1, 2, 3),
    window: fc.constantFrom(2, 15, 60),
  }),
]
const waits: fc.Arbitrary<Stage> = fc.record({
  is: is('settled'),
  per: fc.boolean(),
  duration: fc.constantFrom(1, 5, 20),
})
const last: fc.Arbitrary<Stage> = fc
  .record(
    {
      is: is('digest'),
      per: fc.boolean(),
      size: fc.constantFrom(1, 2, 3),
      every: fc.constantFrom(1, 10, 60),
      round: fc.constantFrom(20, 60),
    },
    optional,
  )
  .map((stage) => (Object.keys(stage).length === 2 ? { ...stage, size: 2 } : stage))
const stages: fc.Arbitrary<readonly Stage[]> = fc.oneof(
  fc.tuple(fc.oneof(...simple, waits, waits, last, last, last)),
  fc.tuple(fc.oneof(...simple, waits), fc.oneof(...simple, waits, last, last)),
)
const settings: fc.Arbitrary<Settings> = fc.record({
  concurrency: fc.constantFrom(1, 2, 8),
  ordered: fc.constantFrom(true, false, 'identity' as const),
})
const told: fc.Arbitrary<Told> = fc
  .record({
    key: fc.constantFrom('a', 'b'),
    n: fc.constantFrom(0, 1, 2, 3, 3, undefined),
    fails: fc.constantFrom(0, 0, 0, 0, 1, 2, 9),
    slow: fc.constantFrom(0, 0, 0, 20, 300),
    poison: fc.constantFrom(false, false, false, false, false, false, false, true),
  })
  .map(({ n, ...data }) => (n === undefined ? data : { ...data, n }))

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ is: is('event'), data: told, after: fc.constantFrom(0, 0, 0.001, 0.5, 4, 11) }),
  },
  { weight: 1, arbitrary: fc.record({ is: is('other') }) },
  { weight: 2, arbitrary: fc.record({ is: is('pass'), seconds: fc.constantFrom(0.01, 1, 7, 30) }) },
  { weight: 1, arbitrary: fc.record({ is: is('step'), seconds: fc.constantFrom(-100, -12, -3, 3, 40) }) },
  { weight: 1, arbitrary: fc.record({ is: is('down') }) },
  { weight: 2, arbitrary: fc.record({ is: is('up'), settings }) },
  { weight: 2, arbitrary: fc.record({ is: is('crash'), turns: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      is: is('fail'),
      operation: fc.constantFrom('write' as const, 'write kept' as const, 'read' as const),
      times: fc.constantFrom(1, 1, 3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ is: is('redeliver'), which: fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ is: is('release') }) },
)

const story: fc.Arbitrary<Story> = fc.record({
  stages,
  settings,
  happenings: fc.array(happening, { minLength: 1, maxLength: 30, size: 'max' }),
})

/** Lets one thing happen. */
async function happen(world: World, what: Happening, mayStep: boolean): Promise<void> {
  switch (what.is) {
    case 'event':
      await world.accept('made', what.data)
      return world.clock.advance(what.after * SECOND)
    case 'other':
      return world.accept('other', { key: '', fails: 0, slow: 0, poison: false })
    case 'pass':
      return world.clock.advance(what.seconds * SECOND)
    case 'step':
      return mayStep ? world.step(what.seconds * SECOND) : undefined
    case 'down':
      return world.stop()
    case 'up':
      await world.close()
      return world.begin(what.settings)
    case 'crash':
      await world.crash(what.turns)
      return world.begin()
    case 'fail':
      return world.fail(what.operation, what.times)
    case 'redeliver':
      return redeliver(world, what.which)
    case 'release':
      return world.release()
  }
}

async function redeliver(world: World, which: readonly number[]): Promise<void> {
  const consumer = await world.consumer()
  const all = await seqs(world.log, { types: ['made'] })
  if (all.length > 0) await consumer.redeliver(new Set(which.map((n) => all[n % all.length] as number)))
}

/** The handler has settled exactly what the fold passes, and exactly what waits there still waits. */
async function check(world: World, stages: readonly Stage[], ms: number): Promise<void> {
  await world.clock.advance(ms)
  const { passed, open } = fatesOf(stages, await world.entries(world.clock.now()))
  const sorted = (all: Iterable<string>): string[] => [...all].sort()
  assert.deepEqual(sorted(world.settled.keys()), sorted(passed.map((seqs) => JSON.stringify(seqs))))
  assert.deepEqual(world.wrongs, [])
  const consumer = await world.consumer()
  const waiting = (await list(consumer.retrying())).map(({ event }) => event.seq)
  assert.deepEqual(new Set(waiting), new Set(open), 'what waits')
  const { behind, running } = await consumer.lag()
  assert.equal(behind + running, 0)
}

/** How long a story may take, in ms of real time. */
const PATIENCE = 60_000

/** Longer than every wait, in ms. */
const LONG = 3_600_000

async function tell({ stages, settings, happenings }: Story): Promise<void> {
  const world = new World(stages, settings)
  // Behind settled, values come in order of their times, which a clock that steps does not have.
  const mayStep = stages.length === 1 || stages[0]?.is !== 'settled'
  await world.begin()
  for (const each of happenings) await happen(world, each, mayStep)
  world.isCalm = true
  await world.close()
  await world.begin()
  await world.clock.advance(1000)
  await world.release()
  await check(world, stages, 31 * SECOND)
  await check(world, stages, 2 * LONG)
  for (const [seqs, keys] of world.settled)
    if (!happenings.some((each) => each.is === 'redeliver')) assert.equal(keys.size, 1, `${seqs} has several keys`)
  await world.close()
}

const alone: Settings = { concurrency: 1, ordered: true }
const event = (after: number, n = 0): Happening => ({
  is: 'event',
  data: { key: 'a', n, fails: 0, slow: 0, poison: false },
  after,
})

/** Stories that once went wrong. */
const found: readonly Story[] = [
  // The first event of a batch that another completed waited for ever.
  { stages: [{ is: 'digest', per: false, size: 2 }], settings: alone, happenings: [event(0), event(0)] },
  // In a listener in order, it held back the next batch after a restart.
  {
    stages: [{ is: 'digest', per: false, size: 2, round: 20 }],
    settings: alone,
    happenings: [event(0), event(0), event(0)],
  },
  // After the clock was set back, every wait was over at once.
  {
    stages: [{ is: 'settled', per: false, duration: 1 }],
    settings: alone,
    happenings: [{ is: 'step', seconds: -100 }, event(0, 3), event(0), { is: 'other' }],
  },
  // A restart forgot what had expired, and the clock was set back to before that.
  {
    stages: [
      { is: 'changed', per: false },
      { is: 'firstPer', every: 1 },
    ],
    settings: alone,
    happenings: [event(11), event(4), { is: 'crash', turns: 0 }, { is: 'step', seconds: -100 }, event(0, 3)],
  },
  // Two waits were over at the start. The later one was decided first, and its batch lost the other.
  {
    stages: [
      { is: 'settled', per: false, duration: 1 },
      { is: 'digest', per: false, round: 20 },
    ],
    settings: { concurrency: 1, ordered: 'identity' },
    happenings: [{ is: 'down' }, event(4, 2), { is: 'redeliver', which: [0] }, event(0, 3), event(4, 1)],
  },
]

// To repeat a failure, set TIDINGS_SEED=… TIDINGS_PATH=… as it was printed.
function replay(): { seed?: number; path?: string } {
  const { TIDINGS_SEED: seed, TIDINGS_PATH: path } = process.env
  return { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) }
}

/** Compares filters with a memory, in a listener to which anything happens, with a plain fold over its log. */
export function memoryModelSuite(runs: number, tier: 'fast' | 'slow'): void {
  describe(`filters with a memory (${tier}: ${runs} stories)`, () => {
    it('pass what a fold over the log passes, in the stories that once went wrong', async () => {
      for (const each of found) await tell(each)
    })

    it('pass what a fold over the log passes, whatever happens to handlers, clock, store and process', async () => {
      const options = { numRuns: runs, timeout: PATIENCE, includeErrorInReport: true, ...replay() }
      await fc.assert(fc.asyncProperty(story, tell), options)
    })
  })
}
