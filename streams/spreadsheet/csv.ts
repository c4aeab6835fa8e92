import { type Delivery, Park } from '../../lib/index.ts'
import { quote } from '../../lib/streams.ts'
import { type AppendedFile, appendOnce, readRange } from '../shared/append-file.ts'
import { optionalPackage } from '../shared/optional-package.ts'
import { csvRecords } from './csv-text.ts'
import { cellsOf, inOrder, type RowsOptions, WHO, type Written } from './row.ts'

/** The largest header, in bytes. */
const LONGEST_HEADER = 1024 * 1024

/** What a file begins with that a spreadsheet would run as a formula. `csv-stringify` writes a quote before it. */
const ESCAPED = /^'(?=[=+\-@\t\r＝＋－＠])/

/** Appends one row to a CSV file, once for each delivery. Resolves to false if it is there already. */
export async function appendToCsv(sheet: RowsOptions, row: unknown, delivery: Delivery): Promise<boolean> {
  const { stringify } = await optionalPackage(WHO, ['csv-stringify'], () => import('csv-stringify/sync'))
  const cells = cellsOf(row)
  const delimiter = /\.tsv$/i.test(sheet.path) ? '\t' : ','
  return appendOnce(delivery, WHO, sheet.path, async (file) => {
    const head = file.size === 0 ? undefined : await readHeader(file, delimiter, sheet.path)
    const columns = head?.columns ?? sheet.columns ?? [...cells.keys()]
    const record = (values: readonly Written[]): string =>
      stringify([values], {
        delimiter,
        escape_formulas: true,
        // Unquoted, a line break of another kind would end the record for some readers.
        quoted_match: /[\r\n]/,
        record_delimiter: head?.ending ?? '\n',
        // Otherwise it would be an empty line.
        quoted_empty: values.length === 1,
      })
    const text = record(inOrder(cells, columns, sheet.path))
    if (sheet.key !== undefined && (await isThere(file, sheet.key, columns, text, delimiter))) return undefined
    return head === undefined ? record(columns) + text : text
  })
}

async function readHeader(
  { handle, size }: AppendedFile,
  delimiter: string,
  path: string,
): Promise<{ readonly columns: readonly string[]; readonly ending: '\n' | '\r\n' }> {
  for (let length = 4096; ; length *= 16) {
    const text = (await readRange(handle, 0, Math.min(length, size))).toString()
    const { value: first } = csvRecords(text, delimiter).next()
    if (first !== undefined && (!first.open || length >= size)) {
      return { columns: first.fields.map((name) => name.replace(ESCAPED, '')), ending: first.ending || '\n' }
    }
    if (length >= Math.min(size, LONGEST_HEADER)) throw new Park(`${WHO}: ${path} does not begin with a header`)
  }
}

interface Values {
  readonly inode: number
  /** The size of the file when these were its values, in bytes. */
  readonly size: number
  readonly column: string
  readonly values: Set<string>
}

const known = new Map<string, Values>()

/** Whether a row has the same value in the column `key` as this one. A file that others changed is read whole. */
async function isThere(
  { path, handle, size }: AppendedFile,
  key: string,
  columns: readonly string[],
  text: string,
  delimiter: string,
): Promise<boolean> {
  const column = columns.indexOf(key)
  if (column < 0) throw new Park(`${WHO}: ${path} has no column ${quote(key)}, which the option key names`)
  const { ino: inode } = await handle.stat()
  const before = known.get(path)
  const isSame = before?.inode === inode && before.size === size && before.column === key
  const values = isSame ? before.values : new Set<string>()
  if (!isSame) {
    const all = (await readRange(handle, 0, size)).toString()
    for (const { fields } of csvRecords(all, delimiter)) values.add(fields[column] ?? '')
  }
  const value = csvRecords(text, delimiter).next().value?.fields[column] ?? ''
  const there = values.has(value)
  if (there) known.set(path, { inode, size, column: key, values })
  else known.set(path, { inode, size: size + Buffer.byteLength(text), column: key, values: values.add(value) })
  return there
}
