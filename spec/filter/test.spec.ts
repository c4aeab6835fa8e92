import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as tests from '../../lib/filters.ts'
import { test, value } from './arbitraries.ts'

const { all, any, at, before, between, contains, each, eq, exists, gt, matches, not, oneOf, size, some } = tests

describe('a test', () => {
  it('is a function with a name and operands', () => {
    assert.equal(typeof gt(3), 'function')
    assert.equal(gt(3).name, 'gt')
    assert.deepEqual(gt(3).operands, [3])
    assert.deepEqual(eq('a', { ignoreCase: true }).operands, ['a', { ignoreCase: true }])
    assert.deepEqual(eq('a', { ignoreCase: false }).operands, ['a'])
    assert.equal(exists.name, 'exists')
    assert.equal(exists.operands, undefined)
    assert.throws(() => (gt(3).operands as unknown[]).push(4), TypeError)
  })

  it('reads like the code that made it', () => {
    const rows: [unknown, string][] = [
      [all(gt(3), not(eq(5))), 'all(gt(3), not(eq(5)))'],
      [any(exists, all()), 'any(exists, all())'],
      [oneOf('a', "it's", 'say "hi"\n\\'), `oneOf('a', 'it\\'s', 'say "hi"\\n\\\\')`],
      [contains('x', { ignoreCase: true }), "contains('x', { ignoreCase: true })"],
      [at('data.labels', some(at('name', eq(null)))), "at('data.labels', some(at('name', eq(null))))"],
      [matches(/^a\/b/gi), 'matches(/^a\\/b/gi)'],
      [matches(/a/, { ignoreCase: true }), 'matches(/a/i)'],
      [before(new Date(0)), "before(new Date('1970-01-01T00:00:00.000Z'))"],
      [before('2026-01-01'), "before('2026-01-01')"],
      [between(-1, 2.5), 'between(-1, 2.5)'],
      [size(3), 'size(3)'],
      [
        each(function isBig() {
          return true
        }),
        'each(isBig)',
      ],
      [each(() => true), 'each(anonymous)'],
    ]
    for (const [made, code] of rows) assert.equal(String(made), code)
  })

  it('read as code and run again, it is the same test', () => {
    const names = Object.keys(tests)
    const run = (code: string): tests.Test<unknown> =>
      // oxlint-disable-next-line typescript/no-implied-eval -- the assertion is that it runs as code
      (new Function(...names, `return ${code}`) as (...all: unknown[]) => tests.Test<unknown>)(...Object.values(tests))
    fc.assert(
      fc.property(test, value, (made, v) => {
        const again = run(String(made))
        assert.equal(again(v), made(v))
        assert.equal(String(again), String(made))
        assert.equal(JSON.stringify(again), JSON.stringify(made))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps its shape as JSON: { name: operands }, or the name alone', () => {
    assert.equal(JSON.stringify(all(gt(3), not(eq(5)))), '{"all":[{"gt":[3]},{"not":[{"eq":[5]}]}]}')
    assert.equal(JSON.stringify(exists), '"exists"')
    assert.deepEqual(any(exists, matches(/a/i), before(new Date(0)), Number.isInteger).toJSON?.(), {
      any: ['exists', { matches: ['/a/i'] }, { before: ['1970-01-01T00:00:00.000Z'] }, 'isInteger'],
    })
    fc.assert(fc.property(test, (made) => assert.deepEqual(JSON.parse(JSON.stringify(made)), made.toJSON?.())))
  })

  it('cannot forge a line of a log', () => {
    assert.equal(String(eq('a\nERROR \u001b[31m')), "eq('a\\nERROR \\u001b[31m')")
  })
})
