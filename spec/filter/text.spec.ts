import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { contains, endsWith, eq, glob, matches, startsWith, type Test } from '../../lib/filters.ts'

const ignoreCase = { ignoreCase: true }
const word = fc.string({ unit: fc.constantFrom('a', 'A', 'b', 'σ', 'ς', 'Σ', 'ß', 'İ', 'ı', 'é', '😀'), maxLength: 4 })

describe('contains, startsWith and endsWith', () => {
  it('find the part in its required position', () => {
    const where = (part: string): unknown[] => [contains, startsWith, endsWith].map((test) => test(part)('one two'))
    assert.deepEqual(where('one'), [true, true, false])
    assert.deepEqual(where('two'), [true, false, true])
    assert.deepEqual(where('e t'), [true, false, false])
    assert.deepEqual(where('one two'), [true, true, true])
    assert.deepEqual(where(''), [true, true, true])
    assert.deepEqual(where('Two'), [false, false, false])
    assert.deepEqual(where('one two three'), [false, false, false])
  })

  it('contains looks for a whole item in an array, not for a part of one', () => {
    assert.equal(contains('bug')(['ui', 'bug']), true)
    assert.equal(contains('bug')(['debug']), false)
    assert.equal(contains('BUG', ignoreCase)(['bug']), true)
    assert.equal((contains('3') as Test<unknown>)([3]), false)
    assert.equal(contains('')([]), false)
  })

  it('are false for anything but strings', () => {
    for (const test of [contains('1'), startsWith('1'), endsWith('1')] as Test<unknown>[]) {
      for (const value of [1, true, null, undefined, { 1: '1' }, new Date(1)]) assert.equal(test(value), false)
    }
  })

  it('reject a part that is not a string', () => {
    for (const [name, test] of Object.entries({ contains, startsWith, endsWith, glob })) {
      assert.throws(() => test(1 as never), { name: 'TypeError', message: `${name}() expects a string, and got 1` })
      assert.throws(() => test(/a/ as never), { message: `${name}() expects a string, and got an object` })
      assert.throws(() => test('a', 'i' as never), /^TypeError: \w+\(\) expects options such as/)
    }
  })
})

describe('ignoreCase', () => {
  it('is symmetric: it does not matter which side is in capitals', () => {
    for (const test of [contains, startsWith, endsWith, glob, eq]) {
      assert.equal(test('äb', ignoreCase)('ÄB'), true)
      assert.equal(test('ÄB', ignoreCase)('äb'), true)
    }
  })

  it('only ever adds matches: what matches with case matches without', () => {
    fc.assert(
      fc.property(word, word, word, (before, part, after) => {
        const whole = before + part + after
        assert.ok(contains(part, ignoreCase)(whole))
        assert.ok(startsWith(before, ignoreCase)(whole))
        assert.ok(endsWith(after, ignoreCase)(whole))
        assert.ok(eq(whole, ignoreCase)(whole))
        assert.ok(glob(`${before}*${after}`, ignoreCase)(whole))
        assert.ok(glob('?'.repeat(Array.from(whole).length), ignoreCase)(whole))
      }),
    )
  })
})

describe('glob', () => {
  it('* is any run of characters and ? is one, and the whole text must be covered', () => {
    const rows: [pattern: string, yes: string[], no: string[]][] = [
      ['', [''], ['a']],
      ['a', ['a'], ['', 'ab', 'ba', 'A']],
      ['?', ['a', '*', '?', '😀'], ['', 'ab']],
      ['*', ['', 'a', 'a\nb/c'], []],
      ['a*', ['a', 'ab'], ['ba']],
      ['*a', ['a', 'ba', 'aa'], ['ab']],
      ['a*c', ['ac', 'abc', 'acbc'], ['acb', 'a']],
      ['*a?c*', ['abc', 'xabcx', 'aaxc'], ['ac', 'xac']],
      ['a**b', ['ab', 'axb'], ['a']],
      ['github.*', ['github.pr'], ['github', 'githubxpr']],
      ['[ab]+(c|d).$', ['[ab]+(c|d).$'], ['ac']],
    ]
    for (const [pattern, yes, no] of rows) {
      for (const text of yes) assert.equal(glob(pattern)(text), true, `${pattern} covers ${text}`)
      for (const text of no) assert.equal(glob(pattern)(text), false, `${pattern} does not cover ${text}`)
    }
    assert.equal(glob('A?C*', ignoreCase)('abcd'), true)
    assert.equal((glob('*') as Test<unknown>)(1), false)
    assert.equal(glob('*')(undefined), false)
  })
})

describe('matches', () => {
  it('finds a match anywhere, unless the expression is anchored', () => {
    assert.equal(matches(/b+/)('abbc'), true)
    assert.equal(matches(/^b+/)('abbc'), false)
    assert.equal(matches(/B/)('abc'), false)
    assert.equal(matches(/B/i)('abc'), true)
    assert.equal(matches(/B/, ignoreCase)('abc'), true)
    assert.equal(matches(/B/i, ignoreCase)('abc'), true)
    assert.equal((matches(/1/) as Test<unknown>)(1), false)
  })

  it('gives the same result every time, also with the flags g and y', () => {
    for (const expression of [/a/g, /a/y, /a/gy]) {
      const test = matches(expression)
      assert.deepEqual(['ab', 'ab', 'xx', 'ab'].map(test), [true, true, false, true])
    }
    assert.equal(matches(/b/y)('ab'), false)
  })

  it('neither changes the lastIndex of the given expression nor depends on it', () => {
    const expression = /a/g
    expression.lastIndex = 1
    assert.equal(matches(expression)('a'), true)
    assert.equal(expression.lastIndex, 1)
  })

  it('reads only the first 10 000 characters', () => {
    const test = matches(/needle/)
    assert.equal(test(`${'x'.repeat(9_994)}needle`), true)
    assert.equal(test(`${'x'.repeat(9_995)}needle`), false)
    assert.equal(matches(/^x+$/)(`${'x'.repeat(10_000)}y`), true)
  })

  it('rejects anything but a regular expression', () => {
    assert.throws(() => matches('a' as never), {
      name: 'TypeError',
      message: "matches() expects a RegExp, and got 'a'",
    })
  })
})
