import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RunHelpers, TestScheduler } from 'rxjs/testing'
import { where } from '../../lib/filter/where.ts'
import { eq, exists, gt, not } from '../../lib/filters.ts'

const marbles = (name: string, body: (helpers: RunHelpers) => void): void => {
  it(name, () => new TestScheduler((actual, expected) => assert.deepEqual(actual, expected)).run(body))
}

const digits = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5 }
const isOdd = (n: number): boolean => n % 2 === 1
const odd = where(isOdd)

describe('where(test)', () => {
  marbles('lets those values pass that the test holds for', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('--1--2--3--4--|', digits)
    expectObservable(source.pipe(odd)).toBe('--1-----3-----|', digits)
    expectSubscriptions(source.subscriptions).toBe('^-------------!')
  })

  marbles('stays silent over a source that never emits', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold<number>('-')
    expectObservable(source.pipe(odd), '^----!').toBe('-')
    expectSubscriptions(source.subscriptions).toBe('^----!')
  })

  marbles('completes with an empty source', ({ cold, expectObservable }) => {
    expectObservable(cold<number>('|').pipe(odd)).toBe('|')
    expectObservable(cold<number>('---|').pipe(odd)).toBe('---|')
  })

  marbles('passes a single value, or completes without it', ({ cold, expectObservable }) => {
    expectObservable(cold('--1|', digits).pipe(odd)).toBe('--1|', digits)
    expectObservable(cold('--2|', digits).pipe(odd)).toBe('---|')
  })

  marbles('passes the error of the source on, after what came before it', ({ cold, expectObservable }) => {
    expectObservable(cold('-1-2-#', digits).pipe(odd)).toBe('-1---#', digits)
    expectObservable(cold<number>('#').pipe(odd)).toBe('#')
  })

  marbles('unsubscribes from an endless source at once', ({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot('1-2-3-4-5-1-2-3-4-5-', digits)
    expectObservable(source.pipe(odd), '^----!').toBe('1---3-', digits)
    expectSubscriptions(source.subscriptions).toBe('^----!')
  })

  marbles(
    'turns an error that the test throws into an error of the stream, and unsubscribes',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const error = new Error('mine')
      const source = cold('-1-2-3-|', digits)
      const picky = where((n: number) => {
        if (n === 2) throw error
        return true
      })
      expectObservable(source.pipe(picky)).toBe('-1-#', digits, error)
      expectSubscriptions(source.subscriptions).toBe('^--!')
    },
  )

  marbles('keeps nothing between two subscriptions', ({ cold, expectObservable }) => {
    const twice = cold('1-2-3|', digits).pipe(odd)
    expectObservable(twice).toBe('1---3|', digits)
    expectObservable(twice, '---^').toBe('---1---3|', digits)
  })
})

describe('where(path, test)', () => {
  const events = {
    a: { data: { stars: 1, repo: { name: 'x/y' } } },
    b: { data: { stars: 5, repo: null } },
    c: { data: {} },
    d: {},
  }

  marbles('tests what is at the path', ({ cold, expectObservable }) => {
    expectObservable(cold('a-b-c-d|', events).pipe(where('data.stars', gt(3)))).toBe('--b----|', events)
    expectObservable(cold('a-b-c-d|', events).pipe(where('data.repo.name', eq('x/y')))).toBe('a------|', events)
    expectObservable(cold('a-b-c-d|', events).pipe(where('data.repo', (found: unknown) => found === null))).toBe(
      '--b----|',
      events,
    )
  })

  marbles('takes a missing path for a missing value: only a negation holds', ({ cold, expectObservable }) => {
    expectObservable(cold('a-b-c-d|', events).pipe(where('data.repo.name', exists))).toBe('a------|', events)
    expectObservable(cold('a-b-c-d|', events).pipe(where('data.repo.name', not(exists)))).toBe('--b-c-d|', events)
  })

  marbles('makes what the test throws an error of the stream', ({ cold, expectObservable }) => {
    const error = new Error('mine')
    const broken = where<unknown, string>('data', () => {
      throw error
    })
    expectObservable(cold('-a-', events).pipe(broken)).toBe('-#', events, error)
  })
})

describe('defining a where', () => {
  it('rejects anything but a test, at once and by name', () => {
    const define = where as (...operands: unknown[]) => unknown
    const expected = 'where() expects a test, or a path and a test'
    assert.throws(() => define(), { name: 'TypeError', message: `${expected}, and got undefined` })
    assert.throws(() => define('data.x'), { name: 'TypeError', message: `${expected}, and got 'data.x'` })
    assert.throws(() => define({}), { name: 'TypeError', message: `${expected}, and got an object` })
    assert.throws(() => define('a', undefined), {
      name: 'TypeError',
      message: 'where() expects a test, and got undefined',
    })
    assert.throws(() => define('a', 3), { name: 'TypeError', message: 'where() expects a test, and got 3' })
    assert.throws(() => define('', exists), {
      name: 'TypeError',
      message: "where() expects a path such as 'data.title', and got ''",
    })
    assert.throws(() => define(exists, exists), {
      message: "where() expects a path such as 'data.title', and got a function",
    })
  })
})
