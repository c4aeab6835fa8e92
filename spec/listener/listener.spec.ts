import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { of } from 'rxjs'
import { eventType } from '../../lib/core/event-type.ts'
import { isListener, type ListenerOptions, listener } from '../../lib/listener/listener.ts'
import { changed } from '../../lib/listener/memory/changed.ts'
import { digest } from '../../lib/listener/memory/digest.ts'
import { on } from '../../lib/listener/on.ts'

const made = eventType('made').of<{ n: number }>()
const nothing = () => undefined

describe('listener', () => {
  it('is a value with its defaults', () => {
    const hear = listener('hear', on(made), nothing)
    assert.ok(isListener(hear))
    assert.deepEqual([hear.kind, hear.name, hear.handle, hear.source.types], ['listener', 'hear', nothing, ['made']])
    assert.deepEqual(hear.settings, {
      from: 'now',
      concurrency: 1,
      shared: false,
      attempts: 5,
      crashes: 5,
      ordered: 'identity',
      backoff: { min: 1000, max: 600_000 },
      timeout: 30_000,
    })
    assert.equal(listener('é'.repeat(128), on(made), nothing).name.length, 128)
    for (const other of [undefined, null, {}, { kind: 'listener', name: 'x' }, on(made)])
      assert.equal(isListener(other), false)
  })

  it('reads durations in words', () => {
    const { settings } = listener('hear', on(made), nothing, {
      timeout: '1m',
      backoff: { min: 0, max: '2h' },
      formerly: 'old',
    })
    assert.deepEqual(
      [settings.timeout, settings.backoff, settings.formerly],
      [60_000, { min: 0, max: 7_200_000 }, 'old'],
    )
  })

  const wrong: [what: string, define: () => unknown, words: RegExp][] = [
    ['an empty name', () => listener('', on(made), nothing), /name of a listener.*""/],
    ['undefined as its name', () => listener(undefined as never, on(made), nothing), /name of a listener.*undefined/],
    ['a number as its name', () => listener(7 as never, on(made), nothing), /name of a listener.*the number 7/],
    ['a name of 257 bytes', () => listener(`${'é'.repeat(128)}x`, on(made), nothing), /1 to 256 bytes, got 257 bytes/],
    ['half a surrogate pair', () => listener('a\ud800', on(made), nothing), /name of a listener.*surrogate/],
    ['an event type without on(…)', () => listener('x', made as never, nothing), /"x" needs on\(…\)/],
    ['an Observable', () => listener('x', of(1) as never, nothing), /"x" needs on\(…\)/],
    ['undefined as its source', () => listener('x', undefined as never, nothing), /"x" needs on\(…\).*undefined/],
    ['a missing handler', () => listener('x', on(made), undefined as never), /"x" needs a handler.*undefined/],
    [
      'an unknown from',
      () => listener('x', on(made), nothing, { from: 'then' as never }),
      /from of listener "x".*"then"/,
    ],
    ['a negative from', () => listener('x', on(made), nothing, { from: -1 }), /from of listener "x".*-1/],
    ['an invalid Date', () => listener('x', on(made), nothing, { from: new Date(Number.NaN) }), /from of listener "x"/],
    ['no concurrency', () => listener('x', on(made), nothing, { concurrency: 0 }), /concurrency of listener "x".*0/],
    ['half an attempt', () => listener('x', on(made), nothing, { attempts: 0.5 }), /attempts of listener "x".*0\.5/],
    [
      'endless attempts',
      () => listener('x', on(made), nothing, { attempts: Number.POSITIVE_INFINITY }),
      /attempts of listener "x"/,
    ],
    ['0 crashes', () => listener('x', on(made), nothing, { crashes: 0 }), /crashes of listener "x"/],
    [
      'an unknown order',
      () => listener('x', on(made), nothing, { ordered: 'seq' as never }),
      /ordered of listener "x".*"seq"/,
    ],
    [
      'a longest pause shorter than the shortest',
      () => listener('x', on(made), nothing, { backoff: { min: '2s', max: '1s' } }),
      /backoff\.min of listener "x".*2000 ms and 1000 ms/,
    ],
    [
      'what is neither shared nor not',
      () => listener('x', on(made), nothing, { shared: 'yes' as never }),
      /shared of listener "x".*"yes"/,
    ],
    [
      'sharing what has one key',
      () => listener('x', on(made), nothing, { shared: true, ordered: true }),
      /listener "x" is shared.*ordered: true/,
    ],
    [
      'sharing with a filter that remembers',
      () => listener('x', on(made).pipe(changed('data.n')), nothing, { shared: true }),
      /listener "x" is shared.*changed\('data\.n'\)/,
    ],
    [
      'sharing with a digest, also by key',
      () => listener('x', on(made).pipe(digest({ every: '1h', per: 'identifier' })), nothing, { shared: true }),
      /listener "x" is shared.*digest/,
    ],
    ['an empty former name', () => listener('x', on(made), nothing, { formerly: '' }), /formerly of listener "x"/],
  ]
  for (const [what, define, words] of wrong) {
    it(`rejects ${what}, and names it`, () => {
      assert.throws(define, { code: 'TIDINGS_LISTENER_INVALID', message: words })
    })
  }

  const durations: [ListenerOptions, RegExp][] = [
    [{ timeout: 0 }, /timeout of listener "x"/],
    [{ timeout: 'soon' }, /timeout of listener "x".*"soon"/],
    [{ backoff: { min: -1, max: 5 } }, /backoff\.min of listener "x"/],
    [{ backoff: { min: 1 } as never }, /backoff\.max of listener "x".*undefined/],
  ]
  for (const [options, words] of durations) {
    it(`rejects ${JSON.stringify(options)}, and names it`, () => {
      assert.throws(() => listener('x', on('made'), nothing, options as never), {
        code: 'TIDINGS_DURATION_INVALID',
        message: words,
      })
    })
  }
})
