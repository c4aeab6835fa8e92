import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type EventFormat, eventText, formats } from '../../../bin/formats/event-formats.ts'
import { readEvents } from '../../../bin/formats/read-events.ts'
import type { Draft, ImportAnswer, LevelLog, StoredEvent } from '../../../lib/index.ts'
import { memoryLog, operations } from '../../../lib/index.ts'
import { anyCharacter } from '../../../lib/testing/any-character.ts'

/** Texts that a format could spoil: separators, quotes, formulas, line breaks, marks, other scripts. */
const text = fc
  .oneof(
    fc.string({ unit: anyCharacter, minLength: 1, maxLength: 12 }),
    fc.constantFrom(
      '=1+1',
      "'=1",
      '-5',
      '+x',
      '@a',
      '\tx',
      '＝a',
      'a,b',
      '"',
      'a\nb',
      'a\r\n',
      ' a ',
      "''",
      '\ufeffa',
      '[',
      'specversion',
    ),
  )
  .filter((each) => each.isWellFormed())

const drafts = fc.array(
  fc.record({
    type: text,
    identifier: text,
    data: fc.oneof(fc.jsonValue({ maxDepth: 2 }), text, fc.constant({ specversion: '1.0', id: 'x' })),
    version: fc.option(text, { nil: undefined }),
    transformed: fc.constantFrom(true as const, undefined),
    job: fc.option(text, { nil: undefined }),
    created: fc.integer({ min: 0, max: 4e12 }),
  }),
  { maxLength: 12 },
)

type Made = typeof drafts extends fc.Arbitrary<infer T> ? T : never

async function logOf(made: Made): Promise<LevelLog> {
  const log = await memoryLog()
  for (const { created, job, version, transformed, ...draft } of made) {
    const versioned: Draft = {
      ...draft,
      ...(version === undefined ? {} : { version }),
      ...(transformed ? { transformed } : {}),
    }
    await log.accept([versioned], { recorded: { created }, ...(job === undefined ? {} : { job }) })
  }
  return log
}

async function allOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

async function written(format: EventFormat, log: LevelLog): Promise<string> {
  return (await allOf(eventText(format, log.events(), async () => log.id))).join('')
}

/** The text in pieces of so many bytes, which cut through characters; ends with an error after `most` of them. */
async function* pieces(whole: string, size: number, most = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(whole)
  for (let at = 0; at < bytes.length; at += size) {
    if (at >= most) throw new Error('the process was killed')
    yield bytes.subarray(at, at + size)
  }
}

async function imported(log: LevelLog, source: AsyncIterable<Uint8Array>): Promise<ImportAnswer> {
  return operations(log).events.import((await readEvents(source)).lines)
}

const inJson = (events: readonly StoredEvent[]): string => JSON.stringify(events)

describe('an export', () => {
  for (const format of formats) {
    it(`as ${format} is read back exactly; a second import adds nothing, and a broken one is completed`, async () => {
      await fc.assert(
        fc.asyncProperty(drafts, fc.integer({ min: 1, max: 40 }), fc.nat(2000), async (made, size, most) => {
          const log = await logOf(made)
          const whole = await written(format, log)
          const expected = inJson(await allOf(log.events()))
          const copy = await memoryLog()
          const first = await imported(copy, pieces(whole, size))
          assert.equal(inJson(await allOf(copy.events())), expected)
          assert.equal(first.new + first.changed, await log.last())
          const second = await imported(copy, pieces(whole, size))
          assert.deepEqual([second.new, second.changed, await copy.last()], [0, 0, await log.last()])
          const broken = await memoryLog()
          await imported(broken, pieces(whole, size, most)).catch(() => undefined)
          await imported(broken, pieces(whole, size))
          assert.equal(inJson(await allOf(broken.events())), expected)
          for (const each of [log, copy, broken]) await each.close()
        }),
        { numRuns: 40 },
      )
    })
  }

  it('as CloudEvents has the required attributes, ids that are unique in their source, and lower-case names', async () => {
    await fc.assert(
      fc.asyncProperty(drafts, async (made) => {
        const log = await logOf(made)
        const lines = (await written('cloudevents', log)).split('\n').slice(0, -1)
        const ids = new Set<string>()
        for (const line of lines) {
          const event = JSON.parse(line) as Record<string, unknown>
          assert.equal(event['specversion'], '1.0')
          assert.match(String(event['source']), /^urn:uuid:[0-9a-f-]{36}$/)
          assert.match(String(event['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
          for (const name of ['id', 'source', 'type', 'subject']) {
            assert.equal(typeof event[name], 'string')
            assert.notEqual(event[name], '')
          }
          for (const [name, value] of Object.entries(event)) {
            assert.match(name, /^[a-z0-9]{1,20}$/)
            if (name !== 'data') assert.ok(typeof value === 'string' || typeof value === 'boolean', name)
          }
          ids.add(`${event['source']} ${event['id']}`)
        }
        assert.equal(ids.size, lines.length)
        await log.close()
      }),
      { numRuns: 25 },
    )
  })

  it('as CSV has stable columns, CR LF, and no field that a spreadsheet runs as a formula', async () => {
    const log = await logOf([
      { type: '=cmd', identifier: 'a,"b"', data: -5, version: undefined, transformed: undefined, job: 'x', created: 0 },
    ])
    assert.equal(
      await written('csv', log),
      'seq,created,type,identifier,data,job,cause,version,revision,transformed\r\n' +
        `1,1970-01-01T00:00:00.000Z,'=cmd,"a,""b""",'-5,x,,,,\r\n`,
    )
    await log.close()
  })
})

describe('readEvents', () => {
  const read = async (whole: string): Promise<[string, string[]]> => {
    const { lines, unit } = await readEvents(pieces(whole, 7))
    return [
      unit,
      Buffer.concat(await allOf(lines))
        .toString()
        .split('\n')
        .slice(0, -1),
    ]
  }

  it('reads a table of your own: a mark, any order of columns, line feeds, dates or ms', async () => {
    const [unit, lines] = await read('\ufefftype,identifier,created,data\na,1,2026-05-01,"{""n"":1}"\na,2,5,null')
    assert.equal(unit, 'row')
    assert.deepEqual(
      lines.map((line) => (line === '' ? line : (JSON.parse(line) as unknown))),
      [
        '',
        { type: 'a', identifier: '1', created: Date.parse('2026-05-01'), data: { n: 1 } },
        { type: 'a', identifier: '2', created: 5, data: null },
      ],
    )
  })

  it('reads a table that begins with any of its columns', async () => {
    for (const header of ['identifier,data,type', '"data","identifier","type","note"', 'data,type,identifier']) {
      const [unit, lines] = await read(`${header}\r\n${header.includes('note') ? '1,2,a,x' : '1,2,a'}\r\n`)
      assert.equal(unit, 'row', header)
      assert.equal(lines.length, 2, header)
    }
    assert.equal((await read('{"type":"a","identifier":"1","data":1}\n'))[0], 'line')
  })

  it('reads CloudEvents from elsewhere: source and id identify them', async () => {
    const foreign = {
      specversion: '1.0',
      id: '7',
      source: '/mail',
      type: 'sent',
      subject: 's',
      time: '2026-05-01T00:00:00Z',
    }
    const event = { type: 'sent', identifier: '/mail 7', created: Date.parse('2026-05-01'), data: null }
    for (const whole of [JSON.stringify(foreign), JSON.stringify([foreign], null, 2)]) {
      const [, lines] = await read(`${whole}\n`)
      assert.deepEqual(
        lines.map((line) => JSON.parse(line) as unknown),
        [event],
      )
    }
  })

  it('leaves what is not an event to the import, which names it by its number', async () => {
    const cases: readonly [whole: string, words: RegExp][] = [
      ['type,identifier,data\r\na,1,1\r\na,2,{\r\n', /^line 3: .*data that is not JSON: \{/],
      ['type,identifier,data\r\na,1\r\n', /^line 2: .*a row of 2 fields below 3 columns/],
      ['[{"type":"a","identifier":"1","data":1},\n{"type":"a"}]', /^line 2: an event needs "identifier"/],
      ['[{"type":"a","identifier":"1","data":1}', /^line 1: .*the array does not end/],
      ['{"specversion":"1.0","id":"1","source":"s","type":"a","data_base64":"AA=="}\n', /^line 1: .*data_base64/],
      ['nonsense\n', /^line 1: expected an event as JSON, got "nonsense"/],
    ]
    for (const [whole, message] of cases) {
      const log = await memoryLog()
      await assert.rejects(imported(log, pieces(whole, 5)), { code: 'TIDINGS_IMPORT_INVALID', message }, whole)
      await log.close()
    }
  })
})
