import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as v from 'valibot'
import type { StoredEvent } from '../../lib/core/event.ts'
import { eventType, isEventType, type UntypedEventType } from '../../lib/core/event-type.ts'
import { fits } from '../../lib/core/schema.ts'

const event = (type: string): StoredEvent => ({ type, identifier: '1', data: null, seq: 1, created: 0 })

const answers = (answer: unknown): StandardSchemaV1 => ({
  '~standard': { version: 1, vendor: 'spec', validate: () => answer as StandardSchemaV1.Result<unknown> },
})

describe('eventType', () => {
  it('creates drafts with its name: untyped, typed, or with a schema', () => {
    const draft = { type: 'x', identifier: '1', data: { a: 1 } }
    assert.deepEqual(eventType('x')('1', { a: 1 }), draft)
    assert.deepEqual(eventType('x').of<{ a: number }>()('1', { a: 1 }), draft)
    assert.deepEqual(eventType('x', v.object({ a: v.number() }))('1', { a: 1 }), draft)
  })

  it('matches its events', () => {
    const type = eventType('x').of<number>()
    assert.equal(type.type, 'x')
    assert(type.match(event('x')))
    assert(!type.match(event('xy')))
  })

  it('is recognized, unlike a function or an object with a type', () => {
    for (const type of [eventType('x'), eventType('x').of<number>(), eventType('x', v.number())])
      assert(isEventType(type))
    for (const other of [() => 1, { type: 'x' }, 'x', null, undefined]) assert(!isEventType(other))
  })

  it('rejects a name that is not text, and anything but a schema', () => {
    for (const name of ['', 7, undefined, {}]) {
      assert.throws(() => eventType(name as string), { code: 'TIDINGS_TYPE_INVALID' })
    }
    for (const schema of [{}, null, () => 1, { '~standard': {} }]) {
      assert.throws(() => eventType('x', schema as unknown as StandardSchemaV1), { code: 'TIDINGS_TYPE_INVALID' })
    }
  })
})

describe('eventType with a schema', () => {
  const issue = eventType('issue', v.object({ title: v.string(), severity: v.optional(v.number(), 1) }))

  it('stores the output of the schema', () => {
    assert.deepEqual(issue('1', { title: 't' }).data, { title: 't', severity: 1 })
  })

  it('rejects data that does not fit, and names the type, the identifier and each place', () => {
    assert.throws(
      () => issue('7', { title: 1, severity: 'high' } as never),
      (error: Error & { code: string; details: Record<string, unknown> }) => {
        assert.equal(error.code, 'TIDINGS_SCHEMA_FAILED')
        assert.match(error.message, /"issue" "7": title: .*; severity: /)
        assert.deepEqual(
          [error.details['type'], error.details['identifier'], error.details['path']],
          ['issue', '7', 'title'],
        )
        assert.equal((error.details['issues'] as unknown[]).length, 2)
        return true
      },
    )
  })

  it('marks a draft whose converted data does not fit the schema itself', () => {
    const length = eventType(
      'length',
      v.pipe(
        v.string(),
        v.transform((text) => text.length),
      ),
    )
    assert.deepEqual(length('1', 'four'), { type: 'length', identifier: '1', data: 4, transformed: true })
    const trimmed = eventType('trimmed', v.pipe(v.string(), v.trim()))
    assert.deepEqual(trimmed('1', ' a '), { type: 'trimmed', identifier: '1', data: 'a' })
    assert.equal('transformed' in issue('1', { title: 't' }), false)
  })

  it('rejects a schema that returns a promise, at the first draft', () => {
    const late = eventType(
      'late',
      v.objectAsync({
        a: v.pipeAsync(
          v.string(),
          v.checkAsync(async () => true),
        ),
      }),
    )
    assert.throws(() => late('1', { a: '' }), { code: 'TIDINGS_SCHEMA_ASYNC' })
    const failing = eventType('late', answers(Promise.reject(new Error('nobody hears this'))))
    assert.throws(() => failing('1', {}), { code: 'TIDINGS_SCHEMA_ASYNC', message: /^"late" "1": / })
    // Any thenable counts as a promise.
    // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
    const thenable = eventType('late', answers({ then: () => undefined }))
    assert.throws(() => thenable('1', {}), { code: 'TIDINGS_SCHEMA_ASYNC' })
  })

  it('names the draft when the schema itself fails', () => {
    const throws = (validate: () => never): StandardSchemaV1 => ({
      '~standard': { version: 1, vendor: 'spec', validate },
    })
    const broken = eventType(
      'broken',
      throws(() => assert.fail('gone')),
    )
    assert.throws(() => broken('1', {}), {
      code: 'TIDINGS_SCHEMA_FAILED',
      message: '"broken" "1": its schema threw gone',
    })
    for (const answer of [undefined, null, true]) {
      const silent = eventType('silent', answers(answer))
      assert.throws(() => silent('1', {}), {
        code: 'TIDINGS_SCHEMA_FAILED',
        message: `"silent" "1": its schema must return a result, got ${answer}`,
      })
    }
  })

  it('accepts a schema that fails on its own output', () => {
    const validate = (text: unknown) => ({ value: Number((text as string).trim()) })
    const number = eventType('number', { '~standard': { version: 1, vendor: 'spec', validate } })
    assert.deepEqual(number('1', ' 5 '), { type: 'number', identifier: '1', data: 5, transformed: true })
  })

  it('shows paths as text, whatever their steps are', () => {
    const path = ['a', { key: 0 }, Symbol.iterator, 'b']
    const type = eventType('x', answers({ issues: [{ message: 'no', path }, { message: 'never' }] }))
    assert.throws(() => type('1', {}), /a\.0\.Symbol\(Symbol\.iterator\)\.b: no; never/)
  })

  it('checks whether an event still fits', () => {
    assert(fits(v.object({ a: v.number() }), { a: 1 }))
    assert(!fits(v.object({ a: v.number() }), { a: '1' }))
  })
})

describe('a versioned eventType', () => {
  it('rejects anything but true or a function as `changed`', () => {
    for (const changed of [false, 'title', null, 1]) {
      const options = { changed } as unknown as { changed: true }
      assert.throws(() => eventType('x').of<number>(options), { code: 'TIDINGS_TYPE_INVALID' })
      assert.throws(() => eventType('x', v.number(), options), { code: 'TIDINGS_TYPE_INVALID' })
      assert.throws(() => withoutSchema('x', options), { code: 'TIDINGS_TYPE_INVALID' })
    }
  })

  // JavaScript, or a schema that a module exports as undefined.
  const withoutSchema = (name: string, options: unknown): UntypedEventType<string> =>
    eventType(name, undefined as unknown as StandardSchemaV1, options as { changed: true }) as never

  it('is versioned without a schema, too', () => {
    const weather = withoutSchema('weather', { changed: true })
    assert.notEqual(version(weather('Utrecht', 1)), version(weather('Utrecht', 2)))
    assert.notEqual(version(weather.of<number>()('Utrecht', 1)), version(weather.of<number>()('Utrecht', 2)))
    assert.throws(() => withoutSchema('weather', { chnged: true }), { code: 'TIDINGS_TYPE_INVALID' })
  })

  type Weather = { readonly celsius: number; readonly wind?: number }
  const version = (draft: { readonly version?: string }): string => {
    assert(draft.version !== undefined)
    return draft.version
  }

  it('has one version for the same data, in any order of its properties, and another for other data', () => {
    const weather = eventType('weather').of<Weather>({ changed: true })
    const first = version(weather('Utrecht', { celsius: 1, wind: 2 }))
    assert.equal(version(weather('Utrecht', { wind: 2, celsius: 1 })), first)
    assert.notEqual(version(weather('Utrecht', { celsius: 1 })), first)
    assert.equal(version(weather('Delft', { celsius: 1, wind: 2 })), first)
  })

  it('compares only the chosen part', () => {
    const weather = eventType('weather').of<Weather>({ changed: ({ celsius }) => Math.round(celsius) })
    assert.equal(version(weather('1', { celsius: 17.6 })), version(weather('1', { celsius: 18.4, wind: 9 })))
    assert.notEqual(version(weather('1', { celsius: 18 })), version(weather('1', { celsius: 19 })))
  })

  it('compares the output of the schema', () => {
    const schema = v.pipe(v.string(), v.trim())
    const trimmed = eventType('t', schema, { changed: true })
    assert.equal(version(trimmed('1', ' a')), version(trimmed('1', 'a ')))
  })

  it('may choose nothing, which also makes a version', () => {
    const wind = eventType('wind').of<Weather>({ changed: ({ wind }) => wind })
    assert.equal(version(wind('1', { celsius: 1 })), version(wind('1', { celsius: 2 })))
    assert.notEqual(version(wind('1', { celsius: 1 })), version(wind('1', { celsius: 1, wind: 0 })))
  })

  it('has versions of one short length', () => {
    const any = eventType('x').of<string>({ changed: true })
    for (const data of ['', 'x'.repeat(100_000)]) assert.match(version(any('1', data)), /^[\w-]{22}$/)
  })

  it('rejects a chosen part that is not JSON, and names the draft', () => {
    const bad = eventType('bad').of<number>({ changed: (n) => new Date(n) })
    assert.throws(() => bad('7', 0), {
      code: 'TIDINGS_DATA_INVALID',
      details: { type: 'bad', identifier: '7', path: '' },
    })
    const all = eventType('all').of<unknown>({ changed: true })
    assert.throws(() => all('7', { a: 1n }), /"all" "7": a must be JSON/)
  })

  it('is not versioned by default', () => {
    assert.equal('version' in eventType('x').of<number>()('1', 1), false)
    assert.equal('version' in eventType('x', v.number(), {})('1', 1), false)
  })
})
