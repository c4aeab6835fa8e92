import type { Delivery } from '../lib/index.ts'
import { checkFunction, like, optional, optionsOf, settingsOf, text } from './shared/options.ts'
import { appendToCsv } from './spreadsheet/csv.ts'
import { type Row, WHO } from './spreadsheet/row.ts'

export type { Cell, Row } from './spreadsheet/row.ts'

/** A file that `spreadsheet.appendRow` appends to. */
export interface SpreadsheetFile {
  /** The file, relative to the working directory: `.csv`, or `.tsv` with tabs between the values. */
  readonly path: string
  /** The columns of a new file, in their order; default those of the first row. An existing file keeps its own. */
  readonly columns?: readonly string[]
  /**
   * A column that names the row, such as an id: a row whose value is there already is not appended. With it, a row stays
   * single even for a new log, and a deleted row can come back. Default none: a delivery appends once.
   */
  readonly key?: string
}

const fileOptions = optionsOf<SpreadsheetFile>()({
  path: like<string>('a path that ends in .csv or .tsv', (value) => /\.[ct]sv$/i.test(String(value))),
  columns: optional(like<readonly string[]>('an array of different names', isNames)),
  key: optional(text()),
})

/**
 * Appends a row for each event to a spreadsheet: a file of comma-separated values, which needs the package
 * `csv-stringify`.
 *
 * - **Whole rows, each once.** Several listeners, agents and programs of this machine may append to one file. A row is on
 *   disk before its delivery is acknowledged. After a crash or a retry no row is there twice, and what a crash left half
 *   written is cut off. For this, the folder `.NAME.tidings` beside the file keeps the newest deliveries.
 * - **The header** is written once, and its order is kept: a row has its values by name, and a missing one leaves its cell
 *   empty. A new file takes `columns`, or those of the first row. A missing folder is made.
 * - **Formulas are escaped**: text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a quote before it,
 *   so that no spreadsheet runs what others wrote. Numbers stay numbers.
 * - **Errors**: a full disk or a busy file is a failure like any other (`TIDINGS_FILE_FAILED`), so the listener tries
 *   again. The event is parked if this user may not write there, the path is a directory, the row has a column that the
 *   file does not have, or a value is an object.
 *
 * The handler resolves to false if the row was there already.
 *
 * @param target the file, or its options
 * @param row makes the row of an event: values by column
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
function appendRow<E>(
  target: string | SpreadsheetFile,
  row: (event: E, delivery: Delivery) => Row | Promise<Row>,
): (event: E, delivery: Delivery) => Promise<boolean> {
  const { path, columns, key } = settingsOf(WHO, fileOptions, typeof target === 'string' ? { path: target } : target)
  checkFunction(WHO, row)
  return async (event, delivery) => appendToCsv({ path, columns, key }, await row(event, delivery), delivery)
}

function isNames(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false
  return value.every((one) => typeof one === 'string' && one !== '') && new Set(value).size === value.length
}

/**
 * Handlers that write spreadsheets.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { git } from 'tidings/streams/git'
 * import { spreadsheet } from 'tidings/streams/spreadsheet'
 *
 * export default agent('home', [
 *   git({ path: '.', first: 'record' }),
 *   listener(
 *     'rows',
 *     on(git.commit),
 *     spreadsheet.appendRow('commits.csv', ({ data }) => ({ hash: data.hash, subject: data.subject })),
 *   ),
 * ])
 * ```
 */
export const spreadsheet = { appendRow }
