import { type Delivery, Park, TidingsError } from '../../lib/index.ts'
import { describe, Mutex, quote } from '../../lib/streams.ts'
import { send } from '../shared/http-handler.ts'
import type { GoogleToken } from './google-token.ts'
import { cellsOf, inOrder, WHO, type Written } from './row.ts'

/*
 * Google has no idempotency key for an append, so each row carries one: the value of the column `key`, or the delivery's
 * key in a column that is called `tidings`. That column is read before a row is appended:
 *
 *   read the header and the keys → is the key there? nothing to do → append the row, with its key, in one request
 *
 * An answer that is lost, or a process that dies after the append, leaves the key in the sheet, and the next attempt finds
 * it. Between two agents that append the same row at the same moment nothing helps; deliveries of a listener are never
 * handled twice at a time.
 */

/** A tab of a spreadsheet at Google. */
export interface GoogleSheet {
  /** The id of the spreadsheet. */
  readonly spreadsheet: string
  /** The name of the tab; undefined: the first. */
  readonly sheet: string | undefined
  readonly columns: readonly string[] | undefined
  readonly key: string | undefined
  readonly baseUrl: string
  readonly token: GoogleToken
}

/** The column of delivery keys, unless there is a `key`. */
const TRACE = 'tidings'

/** The largest column of keys to read, in bytes: about 400 000 deliveries. */
const LARGEST = 16 * 1024 * 1024

/** Appends one row, once for each delivery. Resolves to false if it is there already. */
export type AppendToSheet = (row: unknown, delivery: Delivery) => Promise<boolean>

/** Makes the function that appends to a sheet: one row at a time, so that only one writes the header. */
export function appendToSheet(target: GoogleSheet): AppendToSheet {
  const mutex = new Mutex()
  return (row, delivery) =>
    mutex.runExclusive(async () => {
      delivery.signal.throwIfAborted()
      const cells = new Map(cellsOf(row))
      const sheet = new SheetRequests(target, delivery, await target.token(delivery))
      const key = target.key ?? TRACE
      if (key === TRACE) cells.set(TRACE, delivery.key)
      const columns = await sheet.header([...(target.columns ?? cells.keys())], key)
      const at = columns.indexOf(key)
      if (at < 0) throw new Park(`${WHO}: ${sheet.name} has no column ${quote(key)}, which the option key names`)
      const values = inOrder(cells, columns, sheet.name)
      if ((await sheet.column(at)).has(String(values[at]))) return false
      await sheet.append(values)
      return true
    })
}

/** What a delivery asks of a sheet. */
class SheetRequests {
  /** Names the sheet in errors. */
  readonly name: string
  readonly #target: GoogleSheet
  readonly #delivery: Delivery
  readonly #token: string

  constructor(target: GoogleSheet, delivery: Delivery, token: string) {
    this.name = target.sheet === undefined ? 'the first sheet' : `the sheet ${quote(target.sheet)}`
    this.#target = target
    this.#delivery = delivery
    this.#token = token
  }

  /** Reads the header. Writes it if the sheet is empty, and the column of delivery keys if it is missing. */
  async header(columns: readonly string[], key: string): Promise<readonly string[]> {
    const [row = []] = await this.#values('1:1', 'ROWS')
    const there = row.map(String)
    const missing = there.length === 0 ? columns.filter((column) => column !== TRACE) : []
    if (key === TRACE && !there.includes(TRACE)) missing.push(TRACE)
    if (missing.length === 0) return there
    const range = this.#range(`${letters(there.length)}1`)
    await this.#ask('PUT', `${range}?valueInputOption=RAW`, { values: [missing] })
    return [...there, ...missing]
  }

  /** Reads the values of a column, as text. */
  async column(at: number): Promise<ReadonlySet<string>> {
    const [values = []] = await this.#values(`${letters(at)}2:${letters(at)}`, 'COLUMNS')
    return new Set(values.map(String))
  }

  /** Appends a row after the last one. Google takes values as they are: text that looks like a formula stays text. */
  async append(values: readonly Written[]): Promise<void> {
    const range = `${this.#range('A1')}:append?valueInputOption=RAW&insertDataOption=INSERT_ROWS`
    await this.#ask('POST', range, { values: [values] })
  }

  async #values(cells: string, dimension: 'ROWS' | 'COLUMNS'): Promise<readonly (readonly unknown[])[]> {
    const options = `majorDimension=${dimension}&valueRenderOption=UNFORMATTED_VALUE&prettyPrint=false`
    const text = await this.#ask('GET', `${this.#range(cells)}?${options}`)
    const { values = [] } = parse(text)
    if (Array.isArray(values) && values.every((one) => Array.isArray(one))) return values
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', `${WHO}: expected rows of ${this.name}, got ${describe(values)}`)
  }

  #range(cells: string): string {
    const { sheet } = this.#target
    return encodeURIComponent(sheet === undefined ? cells : `'${sheet.replaceAll("'", "''")}'!${cells}`)
  }

  async #ask(method: 'GET' | 'PUT' | 'POST', path: string, json?: unknown): Promise<string> {
    const { baseUrl, spreadsheet } = this.#target
    const url = `${baseUrl}/v4/spreadsheets/${encodeURIComponent(spreadsheet)}/values/${path}`
    const headers = { authorization: `Bearer ${this.#token}` }
    return (await send(this.#delivery, WHO, { method, url, headers, json, maxBytes: LARGEST })).text()
  }
}

function parse(text: string): { readonly values?: unknown } {
  try {
    return Object(JSON.parse(text)) as { readonly values?: unknown }
  } catch (cause) {
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', `${WHO}: Google did not answer JSON`, { cause })
  }
}

/** The name of a column: A for 0, Z for 25, AA for 26. */
function letters(at: number): string {
  const last = String.fromCharCode(65 + (at % 26))
  return at < 26 ? last : letters(Math.floor(at / 26) - 1) + last
}
