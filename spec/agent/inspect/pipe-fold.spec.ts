import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { delay, map, mergeMap, NEVER, range } from 'rxjs'
import { type Fate, PipeFold } from '../../../lib/agent/inspect/pipe-fold.ts'
import { changed, countWithin, crossed, digest, firstPer, gt, settled } from '../../../lib/filters.ts'
import { agent, type Listener, listener, memoryLog, on, type StoredEvent, start, where } from '../../../lib/index.ts'
import { virtualClock } from '../../../lib/testing/index.ts'

const SECOND = 1000

/** One event: what it says, of which room, and how long after the one before, in seconds. */
const said = fc.record({ n: fc.nat({ max: 3 }), room: fc.nat({ max: 1 }), after: fc.nat({ max: 9 }) })

const per = { per: 'data.room' } as const
const filters: Readonly<Record<string, () => unknown>> = {
  where: () => where('data.n', gt(1)),
  changed: () => changed('data.n'),
  'changed per': () => changed('data.n', per),
  crossed: () => crossed('data.n', 2),
  firstPer: () => firstPer('data.room', { every: '10s' }),
  countWithin: () => countWithin(2, '10s', per),
  settled: () => settled('data.n', '5s', per),
}
const digests: Readonly<Record<string, () => unknown>> = {
  'by size': () => digest({ size: 2 }),
  'by time': () => digest({ every: '7s' }),
  'by both, per': () => digest({ size: 3, every: '7s', ...per }),
}

const pipes = fc.record({
  filters: fc.array(fc.constantFrom(...Object.keys(filters)), { maxLength: 3 }),
  digest: fc.option(fc.constantFrom(...Object.keys(digests)), { nil: undefined }),
})

function hear(operators: readonly unknown[], heard: (seqs: readonly number[]) => void = () => undefined): Listener {
  const source = (on('said').pipe as (...all: readonly unknown[]) => ReturnType<typeof on>)(...operators)
  return listener('hear', source, (_, { events }) => heard(events.map(({ seq }) => seq)), { from: 'start' })
}

/** The fates of events by seq, as a fold decides them. */
async function folded(hears: Listener, events: readonly StoredEvent[], now: number): Promise<Map<number, Fate>> {
  const fates = new Map<number, Fate>()
  const decided = ({ seq }: StoredEvent, fate: Fate): void => {
    assert.ok(!fates.has(seq), `event ${seq} is decided twice`)
    fates.set(seq, fate)
  }
  const fold = new PipeFold(hears, { clock: virtualClock(), decided })
  for (const event of events) await fold.add(event)
  await fold.end(now)
  return fates
}

/** What a handler gets, by the fates: the seqs of each delivery. */
function deliveriesOf(fates: ReadonlyMap<number, Fate>): string[] {
  const all = [...fates].flatMap(([seq, fate]) => (fate.kind === 'passes' ? [String(fate.batch ?? [seq])] : []))
  return [...new Set(all)].sort()
}

function event(seq: number, data: unknown, created = seq): StoredEvent {
  return { seq, type: 'said', identifier: String(seq), data, created }
}

describe('a fold of a pipe over stored events', () => {
  it('decides as a listener does that runs while the events come', async () => {
    const property = fc.asyncProperty(fc.array(said, { minLength: 1, maxLength: 12 }), pipes, async (sayings, pipe) => {
      const operators = [
        ...pipe.filters.map((name) => filters[name]?.()),
        ...(pipe.digest === undefined ? [] : [digests[pipe.digest]?.()]),
      ]
      const clock = virtualClock()
      const log = await memoryLog({ clock, warn: () => undefined })
      const heard: string[] = []
      const hears = hear(operators, (seqs) => void heard.push(String(seqs)))
      const running = await start(agent('a', [hears]), { log, clock, logger: false })
      for (const [i, { after, ...data }] of sayings.entries()) {
        await clock.advance(after * SECOND)
        await log.accept([{ type: 'said', identifier: String(i), data }])
        await clock.advance(100)
      }
      await clock.advance(3 * SECOND)
      await running.stop()
      const events: StoredEvent[] = []
      for await (const each of log.events()) events.push(each)
      const fates = await folded(hear(operators), events, clock.now())
      await log.close()
      assert.equal(fates.size, events.length)
      for (const fate of fates.values())
        if (fate.kind === 'passes') for (const seq of fate.batch ?? []) assert.equal(fates.get(seq), fate)
      assert.deepEqual(deliveriesOf(fates), heard.toSorted())
    })
    await fc.assert(property, { numRuns: 60 })
  })

  it('runs the asynchronous part of a pipe, and limits how long it takes', async () => {
    const clock = virtualClock()
    const fates: Fate[] = []
    const fold = (operators: readonly unknown[]): PipeFold =>
      new PipeFold(hear(operators), { clock, decided: (_, fate) => void fates.push(fate) })
    const later = (value: unknown) => new Promise((resolve) => clock.timer(() => resolve(value), SECOND))
    const slow = fold([mergeMap(({ data }: StoredEvent) => later(data))]).add(event(1, 'slow'))
    await clock.advance(SECOND)
    await slow
    const behind = fold([changed('data'), mergeMap(({ data }: StoredEvent) => later(data))]).add(event(1, 'behind'))
    await clock.advance(SECOND)
    await behind
    const never = fold([mergeMap(() => NEVER)]).add(event(1, 'never'))
    await clock.advance(30 * SECOND)
    await never
    await fold([mergeMap(() => range(0, 1_000_000))]).add(event(1, 'endless'))
    assert.deepEqual(
      fates.map((fate) => (fate.kind === 'passes' ? fate.values : fate.kind === 'fails' ? fate.error.message : fate)),
      [
        ['slow'],
        ['behind'],
        'the pipe took longer than the timeout of 30000 ms',
        'the pipe made more than 10000 values of one event',
      ],
    )
  })

  it('tells what fails, what is filtered, and what still waits until when', async () => {
    const failing = hear([
      map((each: StoredEvent) => {
        if (each.seq === 2) throw new RangeError('two')
        return each
      }),
      where(({ seq }: StoredEvent) => seq !== 3),
    ])
    const fates = await folded(
      failing,
      [1, 2, 3].map((seq) => event(seq, {})),
      0,
    )
    assert.deepEqual(
      [...fates.values()].map(({ kind }) => kind),
      ['passes', 'fails', 'filtered'],
    )
    const waiting = await folded(hear([settled('data', '1h')]), [event(1, 'a', 5)], 6)
    assert.deepEqual(waiting.get(1), { kind: 'waits', until: 3_600_005 })
    const replaced = await folded(hear([settled('data', '1h')]), [event(1, 'a', 5), event(2, 'b', 6)], 7)
    assert.deepEqual([...replaced.values()], [{ kind: 'filtered' }, { kind: 'waits', until: 3_600_006 }])
    const full = await folded(hear([digest({ size: 3 })]), [event(1, 'a'), event(2, 'a')], 6)
    assert.deepEqual([...full.values()], [{ kind: 'waits' }, { kind: 'waits' }])
  })

  it('ignores types that the listener does not hear, and the delay of an operator costs no event', async () => {
    const clock = virtualClock()
    const fates: Fate[] = []
    const fold = new PipeFold(hear([delay(10)]), { clock, decided: (_, fate) => void fates.push(fate) })
    await fold.add({ ...event(1, {}), type: 'other' })
    assert.equal(fates.length, 0)
    const added = fold.add(event(2, {}))
    await clock.advance(10)
    await added
    assert.equal(fates.length, 1)
  })
})
