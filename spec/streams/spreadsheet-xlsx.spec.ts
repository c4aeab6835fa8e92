import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { CFB, read, utils, write } from '@e965/xlsx'
import { type Row, spreadsheet } from '../../streams/spreadsheet.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const { signal } = new AbortController()

function prepare(t: TestContext, options: { columns?: readonly string[]; key?: string } = {}) {
  const folder = temporaryDirectory(t)
  const path = join(folder, 'rows.xlsx')
  const handle = spreadsheet.appendRow({ path, ...options }, (row: Row) => row)
  let count = 0
  const append = (row: Row, key = String((count += 1))): Promise<boolean> => handle(row, { key, signal } as never)
  const sheet = () => {
    const { SheetNames, Sheets } = read(readFileSync(path))
    return Sheets[SheetNames[0] ?? ''] ?? {}
  }
  const rows = (): unknown[][] => utils.sheet_to_json(sheet(), { header: 1, defval: '' })
  const journal = join(folder, '.rows.xlsx.tidings/journal')
  return { path, append, sheet, rows, journal }
}

function workbook(path: string, rows: unknown[][]): void {
  const book = utils.book_new()
  utils.book_append_sheet(book, utils.aoa_to_sheet(rows), 'Mine')
  utils.book_append_sheet(book, utils.aoa_to_sheet([['other']]), 'Other')
  writeFileSync(path, write(book, { type: 'buffer', bookType: 'xlsx' }) as Uint8Array)
}

describe('spreadsheet.appendRow to a workbook', () => {
  it('writes the header once, and rows in its order', async (t) => {
    const { append, rows } = prepare(t)
    await append({ a: 1, b: 'two' })
    await append({ b: 'four', a: 3 })
    await append({ b: '' })
    await append({ b: 'six' })
    assert.deepEqual(rows(), [
      ['a', 'b'],
      [1, 'two'],
      [3, 'four'],
      ['', ''],
      ['', 'six'],
    ])
  })

  it('stores text as text, and numbers as numbers', async (t) => {
    const { append, sheet } = prepare(t)
    await append({ formula: '=1+1', number: -2, date: new Date(0) })
    const { A2, B2, C2 } = sheet() as Record<string, { t: string; v: unknown; f?: string }>
    assert.deepEqual([A2?.t, A2?.v, A2?.f], ['s', '=1+1', undefined])
    assert.deepEqual([B2?.t, B2?.v], ['n', -2])
    assert.deepEqual([C2?.t, C2?.v], ['s', '1970-01-01T00:00:00.000Z'])
  })

  it('keeps the header, the formulas and the other sheets of an existing workbook', async (t) => {
    const { path, append, rows, sheet } = prepare(t)
    workbook(path, [
      ['b', 'a'],
      [1, { t: 'n', f: 'A2*2', v: 2 }],
    ])
    await append({ a: 3 })
    assert.deepEqual(rows(), [
      ['b', 'a'],
      [1, 2],
      ['', 3],
    ])
    assert.equal((sheet() as Record<string, { f?: string }>)['B2']?.f, 'A2*2')
    assert.deepEqual(read(readFileSync(path)).SheetNames, ['Mine', 'Other'])
  })

  it('appends a delivery once, also by several at a time', async (t) => {
    const { append, rows } = prepare(t)
    const appended = await Promise.all(['x', 'y', 'x', 'z'].map((key) => append({ key }, key)))
    assert.deepEqual(appended.filter(Boolean).length, 3)
    assert.deepEqual(rows().flat().map(String).toSorted(), ['key', 'x', 'y', 'z'])
  })

  for (const renamed of [true, false]) {
    it(`is completed after a crash ${renamed ? 'after' : 'before'} the file was replaced`, async (t) => {
      const { path, append, rows, journal } = prepare(t)
      await append({ a: 1 }, 'one')
      copyFileSync(path, `${path}.before`)
      await append({ a: 2 }, 'two')
      if (!renamed) copyFileSync(`${path}.before`, path)
      // Another process read the journal: this one believes that its entry is settled.
      const entries = readFileSync(journal, 'utf8')
      writeFileSync(journal, '')
      appendFileSync(journal, entries)
      assert.equal(await append({ a: 2 }, 'two'), !renamed)
      assert.deepEqual(rows(), [['a'], [1], [2]])
    })
  }

  it('finds a row by the column of the option key', async (t) => {
    const { path, append, rows } = prepare(t, { key: 'id' })
    workbook(path, [['id'], [7]])
    assert.deepEqual([await append({ id: '7' }), await append({ id: 8 })], [false, true])
    assert.deepEqual(rows(), [['id'], [7], [8]])
    await assert.rejects(prepare(t, { key: 'id' }).append({ a: 1 }), { name: 'Park', message: /no column "id"/ })
  })

  it('parks rows that do not fit, and files that are not workbooks', async (t) => {
    const { path, append } = prepare(t)
    await append({ a: 1 })
    await assert.rejects(append({ b: 1 }), { name: 'Park', message: /has no column "b"; there are "a"/ })
    await assert.rejects(append({ a: 'x'.repeat(40_000) }), { name: 'Park', message: /can't be written/ })
    for (const contents of ['a,b\n1,2\n', 'PK broken', 'PK\x03\x04 broken']) {
      writeFileSync(path, contents)
      await assert.rejects(append({ a: 1 }), { name: 'Park', message: /is not a workbook/ })
      assert.equal(readFileSync(path, 'utf8'), contents)
    }
  })

  it('parks an event rather than lose the pictures and charts of a workbook', async (t) => {
    const { path, append } = prepare(t)
    workbook(path, [['a']])
    for (const [name, kept] of [
      ['/xl/media/image1.png', false],
      ['/xl/drawings/drawing1.xml', false],
      ['/xl/theme/theme9.xml', true],
    ] as const) {
      const archive = CFB.read(readFileSync(path), { type: 'buffer' })
      CFB.utils.cfb_add(archive, name, Buffer.from('<x/>'))
      const bytes = CFB.write(archive, { type: 'buffer', fileType: 'zip' }) as Buffer
      const other = prepare(t)
      writeFileSync(other.path, bytes)
      if (kept) assert.equal(await other.append({ a: 1 }), true)
      else await assert.rejects(other.append({ a: 1 }), { name: 'Park', message: /would be lost/ })
    }
    assert.equal(await append({ a: 1 }), true)
  })

  it('makes a missing folder, and leaves nothing of its own in an unwritten one', async (t) => {
    const path = join(temporaryDirectory(t), 'deep/rows.xlsx')
    const append = spreadsheet.appendRow(path, (row: Row) => row)
    await append({ a: 1 }, { key: 'k', signal } as never)
    assert.ok(existsSync(path))
    const other = prepare(t)
    mkdirSync(other.path)
    await assert.rejects(other.append({ a: 1 }), { name: 'Park', message: /is not a file/ })
  })
})
