import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Keyed, Lanes } from '../../lib/dispatch/lanes.ts'
import type { Handed } from '../../lib/log/port.ts'

const handed = (seq: number): Handed => ({
  event: { type: 'made', identifier: String(seq), data: null, seq, created: 0 },
  attempt: 1,
})
const seqs = (all: readonly Handed[]) => all.map(({ event }) => event.seq)

/** The behaviour of lanes, without regard to speed. */
class Model {
  readonly places = new Map<number, { key: string; state: 'waiting' | 'held' | 'active' }>()

  of(key: string, ...states: string[]): number[] {
    const all = [...this.places].filter(([, place]) => place.key === key && states.includes(place.state))
    return all.map(([seq]) => seq).sort((a, b) => a - b)
  }

  get held(): number {
    return [...this.places.values()].filter(({ state }) => state === 'held').length
  }

  get blocked(): number {
    const blocked = ['a', 'b', 'c'].filter((key) => this.blockedBy(key) !== undefined)
    return blocked.reduce((sum, key) => sum + this.of(key, 'held').length, 0)
  }

  blockedBy(key: string): number | undefined {
    const [oldest] = this.of(key, 'waiting')
    const [first] = this.of(key, 'held')
    if (this.of(key, 'active').length > 0 || oldest === undefined || first === undefined) return undefined
    return oldest < first ? oldest : undefined
  }

  next(key: string): number | undefined {
    const [oldest] = this.of(key, 'waiting', 'held')
    if (this.of(key, 'active').length > 0 || oldest === undefined) return undefined
    return this.places.get(oldest)?.state === 'held' ? oldest : undefined
  }
}

type Step =
  | { readonly do: 'enter' | 'next' | 'ack' | 'retry' | 'takeNewest' | 'occupy'; readonly key: string }
  | { readonly do: 'waits'; readonly key: string }
  | { readonly do: 'takeAll' }

const key = fc.constantFrom('a', 'b', 'c')
const [a, b, c] = [{ key: 'a' }, { key: 'b' }, { key: 'c' }]
const keyed = (at: string): Keyed => [a, b, c].find((each) => each.key === at) as Keyed
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('enter' as const), key }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('next' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('occupy' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('ack' as const, 'retry' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('waits' as const, 'takeNewest' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ do: 'takeAll' as const }) },
)

describe('lanes', () => {
  it('are free before the first event of their key starts, and after the last is done', () => {
    const lanes = new Lanes()
    assert.ok(lanes.isFree(a))
    lanes.start(a)
    assert.deepEqual([lanes.isFree(a), lanes.isFree(b)], [false, true])
    lanes.start(b)
    assert.deepEqual([lanes.isFree(a), lanes.isFree(b)], [false, false])
    assert.equal(lanes.finish(a), false)
    assert.equal(lanes.finish(b), false)
    assert.deepEqual([lanes.isFree(a), lanes.isFree(b)], [true, true])
  })

  it('behave like their model in any sequence of steps', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
        (steps, picks) => {
          const lanes = new Lanes()
          const model = new Model()
          let seq = 0
          for (const [i, each] of steps.entries()) {
            if (each.do === 'takeAll') {
              const taken = seqs(lanes.takeAll()).sort((a, b) => a - b)
              const held = [...model.places].filter(([, { state }]) => state === 'held').map(([at]) => at)
              assert.deepEqual(
                taken,
                held.sort((a, b) => a - b),
              )
              for (const at of held) model.places.delete(at)
            } else {
              const { key: at } = each
              const waiting = model.of(at, 'waiting')
              const [active] = model.of(at, 'active')
              switch (each.do) {
                case 'waits':
                  seq += 1
                  lanes.wait(at, seq, seq * 10)
                  model.places.set(seq, { key: at, state: 'waiting' })
                  break
                case 'enter': {
                  // An event that comes back, or a new one.
                  const back = picks[i] as number
                  const entering =
                    waiting.length > 0 && back % 2 === 0 ? (waiting[back % waiting.length] as number) : ++seq
                  lanes.hold(at, handed(entering))
                  model.places.set(entering, { key: at, state: 'held' })
                  break
                }
                case 'next': {
                  const expected = model.next(at)
                  assert.equal(lanes.takeNext(at)?.event.seq, expected)
                  if (expected !== undefined) model.places.set(expected, { key: at, state: 'active' })
                  break
                }
                case 'occupy': {
                  // An event that was never held starts only if its key is free.
                  if (!lanes.isFree(keyed(at))) break
                  assert.deepEqual(model.of(at, 'waiting', 'held', 'active'), [])
                  seq += 1
                  lanes.start(keyed(at))
                  model.places.set(seq, { key: at, state: 'active' })
                  break
                }
                case 'ack':
                  if (active === undefined) break
                  lanes.finish(keyed(at))
                  model.places.delete(active)
                  break
                case 'retry':
                  if (active === undefined) break
                  lanes.wait(at, active, active * 10)
                  lanes.finish(keyed(at))
                  model.places.set(active, { key: at, state: 'waiting' })
                  break
                case 'takeNewest': {
                  const newest = model.of(at, 'held').at(-1)
                  assert.equal(lanes.takeNewest(at)?.event.seq, newest)
                  if (newest !== undefined) model.places.delete(newest)
                  break
                }
              }
            }
            assert.deepEqual([lanes.heldByActive, lanes.heldByWaiting], [model.held - model.blocked, model.blocked])
            for (const each of ['a', 'b', 'c']) {
              const until = model.blockedBy(each)
              assert.equal(lanes.heldUntil(each), until === undefined ? undefined : until * 10)
              assert.equal(lanes.waiting(each), model.of(each, 'waiting').length)
            }
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('return the events of one key one at a time, the oldest first, in whatever order they came', () => {
    const lanes = new Lanes()
    for (const seq of [5, 2, 9, 7]) lanes.hold('a', handed(seq))
    const given: number[] = []
    for (let next = lanes.takeNext('a'); next !== undefined; next = lanes.takeNext('a')) {
      given.push(next.event.seq)
      assert.equal(lanes.takeNext('a'), undefined)
      lanes.finish(a)
    }
    assert.deepEqual(given, [2, 5, 7, 9])
  })

  it('hold back only newer events than one that waits, and only of its key', () => {
    const lanes = new Lanes()
    lanes.wait('a', 5, 0)
    for (const seq of [3, 6]) lanes.hold('a', handed(seq))
    lanes.hold('b', handed(7))
    assert.equal(lanes.takeNext('b')?.event.seq, 7)
    assert.equal(lanes.takeNext('a')?.event.seq, 3)
    lanes.finish(a)
    assert.equal(lanes.takeNext('a'), undefined)
    lanes.hold('a', handed(5))
    assert.equal(lanes.takeNext('a')?.event.seq, 5)
    lanes.finish(a)
    assert.equal(lanes.takeNext('a')?.event.seq, 6)
  })
})
