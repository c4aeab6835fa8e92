import assert from 'node:assert/strict'
import type { Arbitrary } from 'fast-check'
import type { Draft } from '../core/event.ts'
import { anyCharacter } from './any-character.ts'
import { fc } from './fast-check.ts'
import { draft, isDeeplyFrozen, type LogTests, law, list, refused, take } from './log-bench.ts'

class Point {
  readonly x = 1
}

const cycle: unknown[] = []
cycle.push({ back: cycle })

const sparse: unknown[] = ['a']
sparse[2] = 'c'

/** Values that are not JSON: description, path, value. */
const notJson: readonly (readonly [what: string, path: string, data: unknown])[] = [
  ['undefined', '', undefined],
  ['a Date', 'at', { at: new Date(0) }],
  ['NaN', 'a.b', { a: { b: Number.NaN } }],
  ['Infinity', '1', [1, Number.POSITIVE_INFINITY]],
  ['minus Infinity', '', Number.NEGATIVE_INFINITY],
  ['a bigint', 'n', { n: 1n }],
  ['an instance of a class', 'point', { point: new Point() }],
  ['a cycle', '0.back', cycle],
  ['a Map', 'map', { map: new Map([[1, 2]]) }],
  ['a Set', '', new Set([1])],
  ['a function', 'toJSON', { toJSON: () => 1 }],
  ['a symbol', 's', { s: Symbol('s') }],
  ['a symbol as key', '', { [Symbol('s')]: 1 }],
  ['undefined in an array', 'list.1', { list: [1, undefined] }],
  ['an array with holes', '1', sparse],
  ['an array with named properties', 'found', { found: /a/.exec('a') }],
  ['a typed array', 'bytes', { bytes: new Uint8Array(2) }],
  ['a boxed string', '', Object('x')],
  ['an Error', 'error', { error: new Error('e') }],
  ['a Promise', 'later', { later: Promise.resolve(1) }],
]

/** Drafts with an invalid identity: code, part, reason, draft. */
const notIdentities: readonly (readonly [code: string, path: string, what: string, draft: unknown])[] = [
  ['TIDINGS_TYPE_INVALID', 'type', 'an empty type', draft('1', 1, '')],
  ['TIDINGS_TYPE_INVALID', 'type', 'a type of 257 bytes', draft('1', 1, `${'é'.repeat(128)}x`)],
  ['TIDINGS_TYPE_INVALID', 'type', 'half a surrogate pair in the type', draft('1', 1, 'a\ud800b')],
  ['TIDINGS_TYPE_INVALID', 'type', 'a type that is missing', { identifier: '1', data: 1 }],
  ['TIDINGS_TYPE_INVALID', 'type', "a type of the engine's own", draft('1', 1, 'tidings.job.failed')],
  ['TIDINGS_IDENTIFIER_INVALID', 'identifier', 'an empty identifier', draft('')],
  ['TIDINGS_IDENTIFIER_INVALID', 'identifier', 'an identifier of 1025 bytes', draft(`${'é'.repeat(512)}x`)],
  ['TIDINGS_IDENTIFIER_INVALID', 'identifier', 'half a surrogate pair', draft('\udc00')],
  ['TIDINGS_IDENTIFIER_INVALID', 'identifier', 'a number as identifier', { type: 'it', identifier: 1, data: 1 }],
  ['TIDINGS_IDENTIFIER_INVALID', 'identifier', 'an identifier that is missing', { type: 'it', data: 1 }],
  ['TIDINGS_IDENTIFIER_INVALID', 'version', 'a version that is a number', { ...draft('1'), version: 2 }],
]

/** Any text that an identity may have: all of Unicode, including characters that separate or escape elsewhere. */
export const identityText: Arbitrary<string> = fc
  .oneof(
    fc.string({ unit: anyCharacter, minLength: 1, maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom('\0', '\x01', '\x02', '!', ':', 'a', '\u{10ffff}'),
      minLength: 1,
      maxLength: 6,
    }),
    fc.constantFrom('__proto__', 'constructor', '\u{1f600}', 'e\u0301', '\u00e9'),
  )
  .filter((text) => !text.startsWith('tidings.'))

const json: Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ stringUnit: anyCharacter, maxDepth: 4 }),
  fc.string({ minLength: 3000, maxLength: 6000 }),
  fc.integer({ min: 1, max: 900 }).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown),
  fc.constantFrom<unknown>(
    -0,
    5e-324,
    1.7976931348623157e308,
    '\ud800',
    { '': [{}] },
    JSON.parse('{"__proto__":{"a":[1]},"2":0,"1":0}'),
  ),
)

/** The guarantees about event data: JSON, within limits, under any name. */
export const dataTests: LogTests = {
  'rejects data that is not JSON; the error names the place, the type and the identifier': async ({ log }) => {
    for (const [what, path, data] of notJson) {
      const expected = refused('TIDINGS_DATA_INVALID', { path, type: 'it', identifier: 'x' })
      await assert.rejects(log.accept([{ type: 'it', identifier: 'x', data }]), expected, what)
    }
    assert.equal(await log.last(), 0)
  },

  'rejects an invalid identity; the error names the part': async ({ log }) => {
    for (const [code, path, what, wrong] of notIdentities) {
      await assert.rejects(log.accept([wrong as Draft]), refused(code, { path }), what)
    }
    await assert.rejects(log.accept([null as unknown as Draft]), refused('TIDINGS_DATA_INVALID'))
    assert.equal(await log.last(), 0)
  },

  'rejects a number as identifier, and says to wrap it in String()': async ({ log }) => {
    await assert.rejects(
      log.accept([{ type: 'it', identifier: 7, data: 1 } as unknown as Draft]),
      /wrap it in String\(\)/,
    )
  },

  'accepts type, identifier and data up to their limits in bytes': async ({ log }) => {
    const type = 'é'.repeat(128)
    const identifier = 'é'.repeat(512)
    const [receipt] = await log.accept([draft(identifier, 'x'.repeat(256 * 1024 - 2), type)])
    assert.equal(receipt?.status, 'new')
    assert.deepEqual(await log.get(type, identifier), receipt?.event)
    const refusal = refused('TIDINGS_DATA_TOO_LARGE', { type: 'it', identifier: '1' })
    await assert.rejects(log.accept([draft('1', 'x'.repeat(256 * 1024 - 1))]), refusal)
    await assert.rejects(log.accept([draft('1', 'é'.repeat(128 * 1024))]), refusal)
  },

  'shows an event equal and deeply frozen when accepted, queried, looked up and handed out': law(
    json,
    async ({ log }, data) => {
      const consumer = await log.consumer('c', { start: 'start' })
      const [receipt] = await log.accept([draft('1', data)])
      const event = receipt?.event
      assert.deepEqual(event?.data, JSON.parse(JSON.stringify(data)))
      const [queried] = await list(log.events())
      const [handed] = await take(consumer, 1)
      for (const each of [event, queried, handed?.event, await log.get('it', '1')]) {
        assert.deepEqual(each, event)
        assert(isDeeplyFrozen(each))
      }
    },
  ),

  'stores a copy: a later change of the published data changes nothing': async ({ log }) => {
    const data = { list: [1] }
    const [receipt] = await log.accept([draft('1', data)])
    data.list.push(2)
    assert.deepEqual(receipt?.event?.data, { list: [1] })
    assert.deepEqual((await log.get('it', '1'))?.data, { list: [1] })
  },

  'omits properties that are undefined': async ({ log }) => {
    const [receipt] = await log.accept([draft('1', { a: 1, b: undefined })])
    assert.deepEqual(receipt?.event?.data, { a: 1 })
  },

  'keeps keys that name parts of prototypes as data, and pollutes nothing': async ({ log }) => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"hasOwnProperty":1}'
    await log.accept([draft('__proto__', JSON.parse(text), '__proto__')])
    const stored = await log.get('__proto__', '__proto__')
    assert.equal(JSON.stringify(stored?.data), text)
    assert.equal(Object.getPrototypeOf(stored?.data), Object.prototype)
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  },

  'distinguishes any two different identities': law(
    fc.uniqueArray(fc.tuple(identityText, identityText), {
      selector: (pair) => JSON.stringify(pair),
      minLength: 2,
      maxLength: 12,
    }),
    async ({ log }, pairs) => {
      const receipts = await log.accept(pairs.map(([type, identifier], i) => draft(identifier, i, type)))
      assert(receipts.every(({ status }) => status === 'new'))
      for (const [i, [type, identifier]] of pairs.entries()) {
        assert.equal((await log.get(type, identifier))?.data, i)
        assert.deepEqual((await list(log.events({ types: [type], where: (event) => event.data === i }))).length, 1)
      }
    },
  ),

  'rejects anything but an array of drafts': async ({ log }) => {
    for (const wrong of [undefined, null, draft('1'), 'drafts', new Set([draft('1')])])
      await assert.rejects(log.accept(wrong as never), refused('TIDINGS_LOG_INVALID'))
    assert.equal(await log.get('it', '1'), undefined)
  },

  'treats composed and decomposed letters as two identities': async ({ log }) => {
    const receipts = await log.accept([draft('caf\u00e9'), draft('cafe\u0301')])
    assert.deepEqual(
      receipts.map(({ status }) => status),
      ['new', 'new'],
    )
  },
}

/** The guarantees that hold after a reopen. */
export const lastingDataTests: LogTests = {
  'returns the same event after a reopening': law(
    fc.array(json, { minLength: 1, maxLength: 5 }),
    async (bench, values) => {
      const receipts = await bench.log.accept(values.map((data, i) => draft(`${i}`, data)))
      const log = await bench.reopen('close')
      assert.deepEqual(
        await list(log.events()),
        receipts.map(({ event }) => event),
      )
    },
  ),
}
