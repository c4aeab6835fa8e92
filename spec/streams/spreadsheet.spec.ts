import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { csvRecords } from '../../streams/spreadsheet/csv-text.ts'
import { type Row, spreadsheet } from '../../streams/spreadsheet.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const { signal } = new AbortController()

function prepare(t: TestContext, options: { columns?: readonly string[]; key?: string; name?: string } = {}) {
  const { name = 'rows.csv', ...rest } = options
  const path = join(temporaryDirectory(t), name)
  const handle = spreadsheet.appendRow({ path, ...rest }, (row: Row) => row)
  let count = 0
  const append = (row: Row, key = String((count += 1))): Promise<boolean> => handle(row, { key, signal } as never)
  return { path, append, read: () => readFileSync(path, 'utf8') }
}

describe('spreadsheet.appendRow', () => {
  it('writes the header once, and rows in its order', async (t) => {
    const { append, read } = prepare(t)
    await append({ a: 1, b: 'two' })
    await append({ b: 'four', a: 3 })
    await append({ b: 'six' })
    assert.equal(read(), 'a,b\n1,two\n3,four\n,six\n')
  })

  it('appends a delivery once', async (t) => {
    const { append, read } = prepare(t)
    assert.deepEqual([await append({ a: 1 }, 'k'), await append({ a: 1 }, 'k')], [true, false])
    assert.equal(read(), 'a\n1\n')
  })

  it('escapes formulas, and quotes what needs quotes', async (t) => {
    const { append, read } = prepare(t)
    for (const text of ['=1+1', '+cmd', '-2', '@SUM(A1)', '\t=1', '\r=1', '＝1', 'a,b', 'a"b', 'a\nb', '']) {
      await append({ text, n: -2 })
    }
    const [, ...rows] = [...csvRecords(read(), ',')].map(({ fields }) => fields)
    const texts = ["'=1+1", "'+cmd", "'-2", "'@SUM(A1)", "'\t=1", "'\r=1", "'＝1", 'a,b', 'a"b', 'a\nb', '']
    assert.deepEqual(
      rows,
      texts.map((text) => [text, '-2']),
    )
  })

  it('escapes formulas in the names of columns, too', async (t) => {
    const { append, read } = prepare(t)
    await append({ '=1+1': 1 })
    await append({ '=1+1': 2 })
    assert.equal(read(), "'=1+1\n1\n2\n")
  })

  it('writes dates, booleans and missing values as text', async (t) => {
    const { append, read } = prepare(t)
    await append({ date: new Date(0), yes: true, no: false, none: null, big: 2n, odd: Number.NaN, lone: '\ud800' })
    assert.equal(read(), 'date,yes,no,none,big,odd,lone\n1970-01-01T00:00:00.000Z,true,false,,2,NaN,\ufffd\n')
  })

  it('keeps the header, the line breaks and the byte order mark of an existing file', async (t) => {
    const { path, append, read } = prepare(t, { columns: ['ignored'] })
    writeFileSync(path, '\uFEFF"b ""x""",a\r\n1,2')
    await append({ a: 3, 'b "x"': 4 })
    await append({ a: 5 })
    assert.equal(read(), '\uFEFF"b ""x""",a\r\n1,2\n4,3\r\n,5\r\n')
  })

  it('reads a header of any length', async (t) => {
    const { path, append, read } = prepare(t)
    const columns = Array.from({ length: 2000 }, (_, n) => `column ${n}`)
    writeFileSync(path, `${columns.join(',')}\n`)
    await append({ 'column 1999': 'last' })
    assert.ok(read().endsWith(`${','.repeat(1999)}last\n`))
  })

  it('begins a new file with the columns of the options', async (t) => {
    const { append, read } = prepare(t, { columns: ['c', 'a'] })
    await append({ a: 1 })
    assert.equal(read(), 'c,a\n,1\n')
  })

  it('separates by tabs in a .tsv file', async (t) => {
    const { append, read } = prepare(t, { name: 'rows.TSV' })
    await append({ a: 'x\ty', b: 2 })
    assert.equal(read(), 'a\tb\n"x\ty"\t2\n')
  })

  it('parks a row with columns that the file does not have, and leaves the file as it is', async (t) => {
    const { append, read } = prepare(t)
    await append({ a: 1, b: 2 })
    await assert.rejects(append({ a: 1, c: 2, d: 3 }), {
      name: 'Park',
      message: /rows\.csv has no column "c", "d"; there are "a", "b"$/,
    })
    assert.equal(read(), 'a,b\n1,2\n')
  })

  it('parks what is not a row', async (t) => {
    const { append } = prepare(t)
    for (const row of [undefined, [], {}, { a: {} }, { a: [1] }, { a: new Date(Number.NaN) }, { a: () => 1 }]) {
      await assert.rejects(append(row as never), { name: 'Park', message: /^spreadsheet\.appendRow: / })
    }
  })

  it('reads back what it wrote, whatever the text', async (t) => {
    const { append, read } = prepare(t)
    const written: string[][] = []
    const cell = fc.string({ unit: fc.constantFrom(',', '"', '\n', '\r', '\t', ' ', '=', 'x', '\uFEFF') })
    await fc.assert(
      fc.asyncProperty(cell, cell, async (a, b) => {
        await append({ a, b })
        written.push([a, b])
      }),
      { numRuns: 50 },
    )
    const [, ...rows] = [...csvRecords(read(), ',')].map(({ fields }) => fields)
    const plain = (text: string): string => text.replace(/^'(?=[=\t\r])/, '')
    assert.deepEqual(
      rows.map((fields) => fields.map(plain)),
      written.map((fields) => fields.map(plain)),
    )
  })
})

describe('the key of spreadsheet.appendRow', () => {
  it('lets no value be there twice, whatever the delivery', async (t) => {
    const { append, read } = prepare(t, { key: 'id' })
    assert.equal(await append({ id: '=1', text: 'a' }), true)
    assert.equal(await append({ id: '=1', text: 'b' }), false)
    assert.equal(await append({ id: '2', text: '=1' }), true)
    assert.equal(read(), "id,text\n'=1,a\n2,'=1\n")
  })

  it('sees what others changed in the file', async (t) => {
    const { path, append, read } = prepare(t, { key: 'id' })
    await append({ id: 1, text: 'a' })
    writeFileSync(path, `${read()}2,by hand\n`)
    assert.equal(await append({ id: 2, text: 'b' }), false)
    writeFileSync(path, 'id,text\n2,by hand\n')
    assert.equal(await append({ id: 1, text: 'back' }), true)
    assert.equal(read(), 'id,text\n2,by hand\n1,back\n')
  })

  it('must be a column of the file', async (t) => {
    const { append } = prepare(t, { key: 'id' })
    await assert.rejects(append({ text: 'a' }), { name: 'Park', message: /has no column "id", which the option key/ })
  })
})

describe('the options of spreadsheet.appendRow', () => {
  const row = (): Row => ({ a: 1 })
  for (const [what, target, words] of [
    ['another ending', 'rows.txt', /path: expected a path that ends in \.csv, \.tsv or \.xlsx, got "rows\.txt"/],
    ['no path', {}, /path: expected .*, got nothing/],
    ['a misspelt option', { path: 'a.csv', colums: ['a'] }, /did you mean "columns"/],
    ['columns twice', { path: 'a.csv', columns: ['a', 'a'] }, /columns: expected an array of different names/],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.throws(() => spreadsheet.appendRow(target as never, row), {
        code: 'TIDINGS_LISTENER_INVALID',
        message: words,
      })
    })
  }

  it('are followed by a function', () => {
    assert.throws(() => spreadsheet.appendRow('a.csv', {} as never), {
      message: /needs a function of the event, got an object/,
    })
  })
})
