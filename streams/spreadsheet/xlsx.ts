import { readFile } from 'node:fs/promises'
import type { WorkBook, WorkSheet } from '@e965/xlsx'
import { type Delivery, Park } from '../../lib/index.ts'
import { quote } from '../../lib/streams.ts'
import { AppendJournal } from '../shared/append-journal.ts'
import { optionalPackage } from '../shared/optional-package.ts'
import { replaceFile } from '../shared/replace-file.ts'
import { isMissing, withSharedFile } from '../shared/shared-file.ts'
import { cellsOf, inOrder, type RowsOptions, WHO, type Written } from './row.ts'

/** What is in a workbook but would not be in the file after it was written: rather than lose it, the file is refused. */
const LOST = /^\/?xl\/(charts|diagrams|drawings\/drawing|embeddings|media|pivotTables|slicers|tables|vbaProject)/

/** How a zip archive begins. */
const ZIP = [0x50, 0x4b, 0x03, 0x04]

/** Rows at the end that are searched for one that is not where it was written. */
const SEARCHED = 1000

type Library = typeof import('@e965/xlsx')

/** Appends one row to the first sheet of a workbook, once for each delivery. Resolves to false if it is there already. */
export async function appendToXlsx(file: RowsOptions, row: unknown, delivery: Delivery): Promise<boolean> {
  const library = await optionalPackage(WHO, ['@e965/xlsx'], () => import('@e965/xlsx'))
  const cells = cellsOf(row)
  return withSharedFile(delivery, WHO, file.path, async (shared) => {
    const book = open(library, await readBytes(shared.path), file.path)
    const journal = await AppendJournal.open(shared.folder, shared.mode)
    try {
      await settle(journal, book.rows)
      if (journal.has(delivery.key)) return false
      const isNew = book.rows.length === 0
      const columns = isNew ? (file.columns ?? [...cells.keys()]) : (book.rows[0] ?? []).map(String)
      const values = inOrder(cells, columns, file.path)
      if (file.key !== undefined && isThere(book.rows, columns, file.key, values, file.path)) return false
      const rows = isNew ? [columns, values] : [values]
      library.utils.sheet_add_aoa(book.sheet, rows.map(withoutEmpty), { origin: { r: book.rows.length, c: 0 } })
      const bytes = bytesOf(library, book.workbook)
      await journal.add({ key: delivery.key, at: book.rows.length + rows.length - 1, text: textOf(values) })
      await replaceFile(shared, bytes)
      await journal.settle()
      return true
    } finally {
      await journal.close()
    }
  })
}

interface Book {
  readonly workbook: WorkBook
  readonly sheet: WorkSheet
  readonly rows: readonly (readonly unknown[])[]
}

function open(library: Library, bytes: Uint8Array | undefined, path: string): Book {
  const workbook = bytes === undefined || bytes.length === 0 ? library.utils.book_new() : parse(library, bytes, path)
  if (workbook.SheetNames.length === 0) library.utils.book_append_sheet(workbook, library.utils.aoa_to_sheet([]))
  const sheet = workbook.Sheets[workbook.SheetNames[0] ?? ''] as WorkSheet
  // Without a range, the rows and columns before the first value would be left out.
  const range = sheet['!ref'] === undefined ? {} : { range: `A1:${sheet['!ref'].split(':').at(-1)}` }
  const rows = library.utils.sheet_to_json<unknown[]>(sheet, { header: 1, defval: '', blankrows: true, ...range })
  return { workbook, sheet, rows }
}

function parse(library: Library, bytes: Uint8Array, path: string): WorkBook {
  let workbook: WorkBook & { readonly keys?: readonly string[] }
  try {
    // A text would be read as a workbook of one cell.
    if (!ZIP.every((byte, at) => bytes[at] === byte)) throw new Error('it is not a zip archive')
    workbook = library.read(bytes, { type: 'buffer', bookFiles: true, cellNF: true, cellStyles: true })
  } catch (cause) {
    throw new Park(`${WHO}: ${path} is not a workbook: ${(cause as Error).message}`, { cause })
  }
  const lost = workbook.keys?.find((name) => LOST.test(name))
  if (lost === undefined) return workbook
  throw new Park(`${WHO}: ${path} has ${lost}, which would be lost; append to a workbook without pictures and charts`)
}

function bytesOf(library: Library, workbook: WorkBook): Uint8Array {
  try {
    return library.write(workbook, { type: 'buffer', bookType: 'xlsx', compression: true }) as Uint8Array
  } catch (cause) {
    // Such as a text of more than 32 767 characters.
    throw new Park(`${WHO}: the workbook can't be written: ${(cause as Error).message}`, { cause })
  }
}

async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Finds out whether the row of the newest entry is in the file, which was replaced at once or not at all. */
async function settle(journal: AppendJournal, rows: Book['rows']): Promise<void> {
  const entry = journal.unsettled
  if (entry === undefined) return
  const candidates = [rows[entry.at] ?? [], ...rows.slice(-SEARCHED)]
  if (candidates.some((row) => textOf(row) === entry.text)) await journal.settle()
  else await journal.drop()
}

function isThere(
  rows: Book['rows'],
  columns: readonly string[],
  key: string,
  values: readonly Written[],
  path: string,
): boolean {
  const at = columns.indexOf(key)
  if (at < 0) throw new Park(`${WHO}: ${path} has no column ${quote(key)}, which the option key names`)
  return rows.slice(1).some((row) => String(row[at]) === String(values[at]))
}

/** The values of a row as text, however many empty cells follow. */
function textOf(row: readonly unknown[]): string {
  return JSON.stringify(row.slice(0, row.findLastIndex((value) => value !== '') + 1))
}

function withoutEmpty(row: readonly Written[]): (Written | null)[] {
  return row.map((value) => (value === '' ? null : value))
}
