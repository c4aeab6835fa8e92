import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { TidingsError } from '../../lib/core/errors.ts'
import { canonicalJson, freezeJson, type JsonValue, toJson } from '../../lib/core/json.ts'
import { anyCharacter } from '../../lib/testing/any-character.ts'
import { isDeeplyFrozen } from '../../lib/testing/log-bench.ts'

class Point {
  readonly x = 1
}

const json = fc.oneof(
  fc.jsonValue({ stringUnit: anyCharacter }),
  fc.constantFrom<unknown>(
    -0,
    5e-324,
    Number.MAX_VALUE,
    '\ud800',
    'a\u2028b',
    JSON.parse('{"__proto__":{"a":[]},"1":0,"0":0}'),
  ),
)

const cycle: Record<string, unknown> = { a: [{}] }
;(cycle['a'] as unknown[])[0] = { back: cycle }

const holes: unknown[] = [1]
holes[2] = 3

function unreadable(): never {
  throw new RangeError('unreadable')
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

describe('toJson', () => {
  it('returns the same as stringifying and parsing, deeply frozen', () => {
    fc.assert(
      fc.property(json, (value) => {
        const copy = toJson(value)
        assert.deepEqual(copy, JSON.parse(JSON.stringify(value)))
        assert.equal(JSON.stringify(copy), JSON.stringify(value))
        assert(isDeeplyFrozen(copy))
      }),
    )
  })

  it('copies: the original is unchanged and may change later', () => {
    const value = { list: [{ a: 1 }] }
    const copy = toJson(value)
    assert(!Object.isFrozen(value) && !Object.isFrozen(value.list))
    value.list.push({ a: 2 })
    assert.deepEqual(copy, { list: [{ a: 1 }] })
  })

  it('omits undefined properties, and nothing else', () => {
    assert.deepEqual(Object.keys(toJson({ a: undefined, b: null, c: 0 }) as object), ['b', 'c'])
  })

  it('converts minus zero to zero, as JSON does', () => {
    assert(Object.is(toJson(-0), 0))
    assert(Object.is((toJson({ a: [-0] }) as { a: number[] }).a[0], 0))
  })

  it('keeps a key named __proto__ as data', () => {
    const copy = toJson(JSON.parse('{"__proto__":{"admin":true}}')) as { admin?: unknown }
    assert.equal(copy.admin, undefined)
    assert.deepEqual(Object.keys(copy), ['__proto__'])
    assert.equal(JSON.stringify(copy), '{"__proto__":{"admin":true}}')
  })

  it('accepts plain objects of other realms, and objects without a prototype', () => {
    assert.deepEqual(toJson(runInNewContext('({ a: [1, { b: null }] })')), { a: [1, { b: null }] })
    assert.deepEqual(toJson(Object.assign(Object.create(null) as object, { a: 1 })), { a: 1 })
  })

  it('accepts the same object twice, if it is not a cycle', () => {
    const shared = { a: 1 }
    assert.deepEqual(toJson([shared, shared, { shared }]), [{ a: 1 }, { a: 1 }, { shared: { a: 1 } }])
  })

  it('accepts 1000 levels and no more', () => {
    assert.deepEqual(toJson(nested(1000)), nested(1000))
    assert.throws(() => toJson(nested(1001)), { code: 'TIDINGS_DATA_INVALID' })
    assert.throws(() => toJson(nested(5000)), /more than 1000 levels/)
  })

  for (const [what, path, value] of [
    ['undefined', '', undefined],
    ['NaN', 'a.0.b', { a: [{ b: Number.NaN }] }],
    ['Infinity', '', Number.POSITIVE_INFINITY],
    ['minus Infinity', '0', [Number.NEGATIVE_INFINITY]],
    ['a bigint', 'n', { n: 1n }],
    ['a Date', 'at', { at: new Date(0) }],
    ['an invalid Date', '', new Date('never')],
    ['a Map', '', new Map()],
    ['a Set', 'set', { set: new Set() }],
    ['a RegExp', '', /a/],
    ['an Error', '', new Error('e')],
    ['a Promise', '', Promise.resolve()],
    ['an instance of a class', 'p', { p: new Point() }],
    ['an heir of a plain object', '', Object.create({ a: 1 })],
    ['a typed array', '', new Uint8Array(1)],
    ['a Buffer', '', Buffer.from('a')],
    ['a boxed number', '', Object(1)],
    ['a function', 'f', { f: () => 1 }],
    ['a class', '', Point],
    ['a toJSON of its own', 'toJSON', { toJSON: () => 1 }],
    ['a symbol', '0.0', [[Symbol('s')]]],
    ['a symbol as key', 'a', { a: { [Symbol('s')]: 1 } }],
    ['undefined in an array', '1', [1, undefined]],
    ['a hole in an array', '1', holes],
    ['an array with named properties', 'm', { m: /(?<x>a)/.exec('a') }],
    ['an array of a class of its own', '', new (class List extends Array {})()],
    ['a cycle', 'a.0.back', cycle],
    ['a getter that throws', 'a.0.x', { a: [Object.defineProperty({}, 'x', { get: unreadable, enumerable: true })] }],
    ['a proxy that throws', 'a', { a: new Proxy({}, { ownKeys: unreadable }) }],
    ['a proxy that was revoked', '', revoked()],
    [
      'arguments',
      '',
      (function (..._: unknown[]) {
        return arguments
      })(1),
    ],
  ] as const) {
    it(`rejects ${what}, and names the place`, () => {
      assert.throws(
        () => toJson(value),
        (error) =>
          error instanceof TidingsError && error.code === 'TIDINGS_DATA_INVALID' && error.details['path'] === path,
      )
    })
  }

  it('rejects the same values of another realm', () => {
    for (const code of ['new Date(0)', 'new Map()', '/a/', 'new (class Point {})()', '() => 1']) {
      assert.throws(() => toJson({ a: runInNewContext(code) as unknown }), { code: 'TIDINGS_DATA_INVALID' }, code)
    }
  })
})

describe('freezeJson', () => {
  it('deeply freezes the value and returns it', () => {
    fc.assert(
      fc.property(json, (value) => {
        const parsed = JSON.parse(JSON.stringify(value)) as unknown
        assert.equal(freezeJson(parsed), parsed)
        assert(isDeeplyFrozen(parsed))
      }),
    )
  })
})

describe('canonicalJson', () => {
  const shuffled = (value: JsonValue): JsonValue => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(shuffled)
    const entries = Object.entries(value).map(([key, held]) => [key, shuffled(held)] as const)
    return Object.fromEntries(entries.reverse())
  }

  it('does not depend on the order of properties', () => {
    fc.assert(
      fc.property(json, (value) => {
        const copy = toJson(value)
        assert.equal(canonicalJson(shuffled(copy)), canonicalJson(copy))
      }),
    )
  })

  it('parses back to the value, so that different values have different texts', () => {
    fc.assert(fc.property(json, (value) => assert.deepEqual(JSON.parse(canonicalJson(toJson(value))), toJson(value))))
  })

  it('depends on the order of an array', () => {
    assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]))
  })
})
