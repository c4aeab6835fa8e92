import assert from 'node:assert/strict'
import { describe as group, it } from 'node:test'
import fc from 'fast-check'
import { errorInfo } from '../../lib/core/error-info.ts'
import { asError, codes, describe, hasCode, quote, TidingsError } from '../../lib/core/errors.ts'
import { anyCharacter } from '../../lib/testing/any-character.ts'

/** Characters that a terminal obeys or that deceive a reader. */
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()

group('an error of the engine', () => {
  it('has a code, details and a cause', () => {
    const cause = new Error('why')
    const error = new TidingsError('TIDINGS_LOG_CLOSED', 'closed', { cause, details: { path: 'a' } })
    assert.deepEqual(
      [error.name, error.code, error.message, error.details],
      ['TidingsError', 'TIDINGS_LOG_CLOSED', 'closed', { path: 'a' }],
    )
    assert.equal(error.cause, cause)
    assert.equal('cause' in new TidingsError('TIDINGS_LOG_CLOSED', 'closed'), false)
  })

  it('is recognized by its code, also if it comes from another copy of the package', () => {
    assert(hasCode(new TidingsError('TIDINGS_LOOP', ''), 'TIDINGS_LOOP'))
    assert(hasCode(Object.assign(new Error(), { code: 'TIDINGS_LOOP' }), 'TIDINGS_LOOP'))
    assert(!hasCode(new TidingsError('TIDINGS_LOOP', ''), 'TIDINGS_PARKED'))
    assert(!hasCode({ code: 'TIDINGS_LOOP' }, 'TIDINGS_LOOP'))
    assert(!hasCode(undefined, 'TIDINGS_LOOP'))
  })

  it('has codes with the prefix TIDINGS_, each with its own meaning', () => {
    for (const [code, meaning] of Object.entries(codes)) {
      assert.match(code, /^TIDINGS_[A-Z]+(_[A-Z]+)*$/)
      assert(meaning.length > 10, code)
    }
    assert.equal(new Set(Object.values(codes)).size, Object.keys(codes).length)
  })
})

group('a value in a few words', () => {
  for (const [value, words] of [
    ['text', '"text"'],
    ['', '""'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [1.5, '1.5'],
    [true, 'true'],
    [12n, '12n'],
    [Symbol('s'), 'a symbol'],
    [[], 'an empty array'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [new Date(0), 'a Date'],
    [new Map(), 'a Map'],
    [parseInt, 'the function parseInt'],
    [() => 1, 'a function'],
    [revoked, 'an object'],
    [
      class {
        static get name(): string {
          throw new Error('looked')
        }
      },
      'a function',
    ],
    [{ '\x1b[2J': () => 1 }['\x1b[2J'], 'a function'],
    [new { ['\x1b[2J']: class {} }['\x1b[2J'](), 'an object'],
  ] as const) {
    it(words, () => assert.equal(describe(value), words))
  }

  it('is short, has no control characters and never throws, for any value', () => {
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
      fc.string({ unit: anyCharacter }),
    )
    fc.assert(
      fc.property(anything, (value) => {
        const words = describe(value)
        assert(words.length > 0 && words.length < 400)
        assert.doesNotMatch(words, CONTROL)
      }),
    )
  })
})

group('a quoted string', () => {
  it('parses back to the same text, if that is short', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 30 }), (text) =>
        assert.equal(JSON.parse(quote(text)), text),
      ),
    )
  })

  it('has no characters that a terminal obeys', () => {
    for (let unit = 0; unit < 0x3000; unit++) assert.doesNotMatch(quote(`a${String.fromCharCode(unit)}b`), CONTROL)
  })

  it('is shortened to sixty characters', () => {
    assert.equal(quote('x'.repeat(60)), `"${'x'.repeat(60)}"`)
    assert.equal(quote('x'.repeat(61)), `"${'x'.repeat(59)}…"`)
  })
})

group('whatever was thrown', () => {
  it('converts other values to an Error and returns an Error as it is', () => {
    const error = new RangeError('r')
    assert.equal(asError(error), error)
    assert.equal(asError('words').message, '"words"')
    assert.equal(asError('words').cause, 'words')
    assert.equal(asError(undefined).message, 'undefined')
  })

  it('takes the message of an object that is not an Error', () => {
    const thrown = { code: 404, message: 'no such page' }
    assert.equal(asError(thrown).message, 'no such page')
    assert.equal(asError(thrown).cause, thrown)
    assert.equal(asError({ message: 5 }).message, 'an object')
  })

  for (const [what, thrown] of Object.entries({
    'a revoked proxy': revoked,
    'a getter for a message': Object.defineProperty(new Error(), 'message', { get: () => assert.fail('looked') }),
    'a getter for a code': Object.defineProperty(new Error(), 'code', { get: () => assert.fail('looked') }),
    'a number for a name': Object.assign(new Error('m'), { name: 5 }),
    'a symbol for a message': Object.assign(new Error(), { message: Symbol('s') }),
  })) {
    it(`can be reported and stored, with ${what}`, () => {
      const error = asError(thrown)
      assert.equal(error.name, 'Error')
      assert.equal(typeof error.message, 'string')
      assert.equal(errorInfo(thrown).message, error.message)
    })
  }

  it('is stored as plain text', () => {
    const kept = errorInfo(Object.assign(new TypeError('no'), { code: 'E_NO', secret: 1 }))
    assert.deepEqual(Object.keys(kept).toSorted(), ['code', 'message', 'name', 'stack'])
    assert.deepEqual([kept.name, kept.message, kept.code], ['TypeError', 'no', 'E_NO'])
    assert.equal(errorInfo(new Error('x'.repeat(10_000))).message.length, 4000)
    assert.equal('code' in errorInfo(Object.assign(new Error(), { code: 7 })), false)
  })

  it('keeps only name and message of an object that looks like an Error', () => {
    const foreign: Record<string, unknown> = { name: 'AxiosError', message: 'x'.repeat(10_000), code: 'E', big: 1n }
    foreign['self'] = foreign
    assert.deepEqual(errorInfo(foreign), { name: 'AxiosError', message: 'x'.repeat(4000), code: 'E' })
  })

  it('stays the same when it is stored again', () => {
    const once = errorInfo(new Error('e'))
    assert.deepEqual(errorInfo(once), once)
    assert.deepEqual(errorInfo(JSON.parse(JSON.stringify(once))), once)
  })
})
