import type { Delivery } from '../lib/index.ts'
import { address, checkFunction, like, optional, optionsOf, settingsOf, text } from './shared/options.ts'
import { appendToCsv } from './spreadsheet/csv.ts'
import { appendToSheet } from './spreadsheet/google-sheet.ts'
import { googleToken } from './spreadsheet/google-token.ts'
import { type Row, WHO } from './spreadsheet/row.ts'
import { appendToXlsx } from './spreadsheet/xlsx.ts'

export type { Cell, Row } from './spreadsheet/row.ts'

/** A file that `spreadsheet.appendRow` appends to. */
export interface SpreadsheetFile {
  /** The file, relative to the working directory: `.csv`, `.tsv` with tabs between the values, or `.xlsx`. */
  readonly path: string
  /** The columns of a new file, in their order; default those of the first row. An existing file keeps its own. */
  readonly columns?: readonly string[]
  /**
   * A column that names the row, such as an id: a row whose value is there already is not appended. With it, a row stays
   * single even for a new log, and a deleted row can come back. Default none: a delivery appends once.
   */
  readonly key?: string
}

/** A spreadsheet at Google that `spreadsheet.appendRow` appends to. */
export interface GoogleSpreadsheet {
  /** The id of the spreadsheet: the long part of its address. */
  readonly spreadsheet: string
  /** The name of the tab; default the first. */
  readonly sheet?: string
  /** The columns of an empty sheet, in their order; default those of the first row. */
  readonly columns?: readonly string[]
  /** A column that names the row, as for a file; default: a column `tidings` is added, which keeps the deliveries. */
  readonly key?: string
  /** The name of the secret with the key file (JSON) of a service account; default `'GOOGLE_CREDENTIALS'`. */
  readonly token?: string
  /** The address of the service; default `'https://sheets.googleapis.com'`. */
  readonly baseUrl?: string
}

const common = {
  columns: optional(like<readonly string[]>('an array of different names', isNames)),
  key: optional(text()),
}

const fileOptions = optionsOf<SpreadsheetFile>()({
  path: like<string>('a path that ends in .csv, .tsv or .xlsx', (value) => /\.([ct]sv|xlsx)$/i.test(String(value))),
  ...common,
})

const googleOptions = optionsOf<GoogleSpreadsheet>()({
  spreadsheet: text(),
  sheet: optional(text()),
  ...common,
  token: text('GOOGLE_CREDENTIALS'),
  baseUrl: address('https://sheets.googleapis.com'),
})

/**
 * Appends a row for each event to a spreadsheet. What it is decides which package is needed:
 *
 * - `.csv`, `.tsv`: a file of values with commas or tabs between them; `csv-stringify`
 * - `.xlsx`: the first sheet of a workbook; `@e965/xlsx`. It is read and written whole for each row, so it suits some
 *   thousands of rows. Values, formulas and number formats stay, colours and fonts do not; a workbook with pictures,
 *   charts or tables is refused
 * - `{ spreadsheet }`: a spreadsheet at Google; `google-auth-library`, and a service account that may edit it
 *
 * - **Whole rows, each once.** Several listeners, agents and programs may append to one spreadsheet. A row is stored before
 *   its delivery is acknowledged, and after a crash or a retry no row is there twice. For this, the folder
 *   `.NAME.tidings` beside a file keeps the newest deliveries; what a crash left half written is cut off. At Google,
 *   each row carries its delivery in a column `tidings`, which may be hidden.
 * - **The header** is written once, and its order is kept: a row has its values by name, and a missing one leaves its cell
 *   empty. A new sheet takes `columns`, or those of the first row. A missing folder is made.
 * - **No formulas**: in a CSV file, text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a quote
 *   before it, so that no spreadsheet runs what others wrote; elsewhere text is stored as text. Numbers stay numbers.
 * - **Errors**: a full disk or a busy file (`TIDINGS_FILE_FAILED`), a 429 or 5xx of Google, and no answer are failures
 *   like any other, so the listener tries again. The event is parked if this user or account may not write there, the
 *   path is a directory, the row has a column that the sheet does not have, or a value is an object.
 * - **Limits**: Google takes 60 reads and 60 writes a minute for each account; a row costs two reads and a write.
 *
 * The handler resolves to false if the row was there already.
 *
 * @param target the file, or the options of a file or a spreadsheet at Google
 * @param row makes the row of an event: values by column
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
function appendRow<E>(
  target: string | SpreadsheetFile | GoogleSpreadsheet,
  row: (event: E, delivery: Delivery) => Row | Promise<Row>,
): (event: E, delivery: Delivery) => Promise<boolean> {
  const append = appendTo(target)
  checkFunction(WHO, row)
  return async (event, delivery) => append(await row(event, delivery), delivery)
}

function appendTo(
  target: string | SpreadsheetFile | GoogleSpreadsheet,
): (row: unknown, delivery: Delivery) => Promise<boolean> {
  if (typeof target === 'object' && 'spreadsheet' in target) {
    const { token, ...sheet } = settingsOf(WHO, googleOptions, target)
    return appendToSheet({ ...sheet, token: googleToken(token) })
  }
  const file = settingsOf(WHO, fileOptions, typeof target === 'string' ? { path: target } : target)
  const append = /\.xlsx$/i.test(file.path) ? appendToXlsx : appendToCsv
  return (row, delivery) => append(file, row, delivery)
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
