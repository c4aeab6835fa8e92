import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { filter, identity, lastValueFrom, map, type OperatorFunction, of, pipe, toArray } from 'rxjs'
import type { StoredEvent } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { matching } from '../../lib/filter/matching.ts'
import { where } from '../../lib/filter/where.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on, pipeOf, type Source, sourceOf } from '../../lib/listener/on.ts'
import { place } from '../support/agent-harness.ts'

const opened = eventType('github.pr.opened').of<{ n: number }>()
const closed = eventType('github.pr.closed').of<{ n: number }>()
const pushed = eventType('git.pushed').of<{ n: number }>()

/** The pipe of a source, as one operator. */
function through(source: unknown): OperatorFunction<unknown, unknown> {
  const { tests, rest = identity } = pipeOf(sourceOf(source) as Source)
  return pipe(
    filter((value) => tests.every((test) => test(value))),
    rest,
  )
}

/** The numbers of those of six events that a source hears. */
async function heardBy(t: Parameters<typeof place>[0], source: ReturnType<typeof on>): Promise<number[]> {
  const here = await place(t)
  const heard: number[] = []
  await here.begin([
    listener('hear', source, (event) => void heard.push((event as StoredEvent<string, { n: number }>).data.n)),
  ])
  await here.log.accept([
    opened('1', { n: 1 }),
    closed('2', { n: 2 }),
    pushed('3', { n: 3 }),
    { type: 'free', identifier: '4', data: { n: 4 } },
    opened('5', { n: 5 }),
    { type: 'github', identifier: '6', data: { n: 6 } },
  ])
  await here.clock.advance(1000)
  return heard
}

describe('on', () => {
  const sources: [what: string, source: unknown, heard: number[]][] = [
    ['an event type', on(opened), [1, 5]],
    ['several event types', on(opened, pushed), [1, 3, 5]],
    ['a name', on('free'), [4]],
    ['a name beside an event type', on('free', pushed), [3, 4]],
    ['a pattern', on('github.*'), [1, 2, 5]],
    ['a pattern with two gaps', on('*.pr.*ed'), [1, 2, 5]],
    ['a pattern of everything', on('*'), [1, 2, 3, 4, 5, 6]],
    ['a name that no event has', on('githu'), []],
    ['types that match', on(matching({ event_type: ['in', ['free', 'git.pushed']] })), [3, 4]],
    ['a match of more than the type', on(matching({ type: ['==', 'github.pr.opened'], 'data.n': ['>', 1] })), [5]],
    ['a match of anything but the type', on(matching({ identifier: ['in', ['2', '6']] })), [2, 6]],
    ['a match of everything', on(matching({})), [1, 2, 3, 4, 5, 6]],
  ]
  for (const [what, source, expected] of sources) {
    it(`hears ${what}`, async (t) => {
      assert.deepEqual(await heardBy(t, source as ReturnType<typeof on>), expected)
    })
  }

  it('is an immutable value that pipes extend', async () => {
    const source = on(opened)
    const big = source.pipe(where((event) => event.data.n > 3))
    const named = big.pipe(map((event) => `#${event.data.n}`))
    assert.notEqual(source, big)
    assert.deepEqual(
      [source, big, named].map((each) => sourceOf(each)?.operators.length),
      [0, 1, 2],
    )
    assert.deepEqual(sourceOf(named)?.types, ['github.pr.opened'])
    const events = [1, 5, 3].map((n, i) => ({ ...opened(String(n), { n }), seq: i + 1, created: 0 }))
    const out = await lastValueFrom(of(...events).pipe(through(named), toArray()))
    assert.deepEqual(out, ['#5'])
  })

  it('pipes any number of operators', async () => {
    const add = map((n: number) => n + 1) as OperatorFunction<unknown, unknown>
    const many = Array.from({ length: 40 }, () => add)
    const source = (on('x').pipe as (...all: unknown[]) => unknown)(
      map(() => 0),
      ...many,
      pipe(filter(() => true)),
    )
    assert.equal(await lastValueFrom(of(undefined).pipe(through(source))), 40)
  })

  const wrong: [what: string, source: () => unknown, words: RegExp][] = [
    ['nothing', () => (on as () => unknown)(), /nothing/],
    ['an empty name', () => on(''), /""/],
    ['undefined', () => on(undefined as never), /undefined/],
    ['a number', () => on(5 as never), /5/],
    ['an array of event types', () => on([opened] as never), /an array of 1/],
    ['a function', () => on((() => true) as never), /function/],
    ['a draft', () => on(opened('1', { n: 1 }) as never), /an object/],
    ['a match beside a name', () => (on as (...all: unknown[]) => unknown)(matching({}), 'x'), /beside something else/],
    ['two matches', () => (on as (...all: unknown[]) => unknown)(matching({}), matching({})), /beside something else/],
    ['something other than an operator', () => on(opened).pipe('where' as never), /"where".*operator/],
    ['an operator that was not called', () => on(opened).pipe(undefined as never), /undefined.*operator/],
  ]
  for (const [what, source, words] of wrong) {
    it(`rejects ${what}, and names the value`, () => {
      assert.throws(source, { code: 'TIDINGS_SOURCE_INVALID', message: words })
    })
  }
})
