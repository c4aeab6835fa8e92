import type { StoredEvent } from '../../lib/index.ts'

/** The columns, in an order that never changes; new ones follow at the end. */
const COLUMNS = [
  'seq',
  'created',
  'type',
  'identifier',
  'data',
  'job',
  'cause',
  'version',
  'revision',
  'transformed',
] as const

type Column = (typeof COLUMNS)[number]

/** The first line of the file (RFC 4180, so lines end with CR LF). */
export const csvHeader = `${COLUMNS.join(',')}\r\n`

/** An event as a line of CSV: `created` in ISO format, `data` as JSON, absent fields empty. */
export function csvRowOf(event: StoredEvent): string {
  const values: Readonly<Partial<Record<Column, Cell>>> = {
    ...(event as Omit<StoredEvent, 'data'>),
    created: new Date(event.created).toISOString(),
    data: JSON.stringify(event.data),
  }
  return `${COLUMNS.map((column) => fieldOf(values[column])).join(',')}\r\n`
}

/**
 * What a spreadsheet would run as a formula gets a quote before it, and so does what already has one, so that reading it
 * back is exact.
 */
const FORMULA = /^'*[=+\-@\t\r＝＋－＠]/
const ESCAPED = /^'(?='*[=+\-@\t\r＝＋－＠])/

type Cell = string | number | boolean | undefined

function fieldOf(value: Cell): string {
  const text = value === undefined ? '' : String(value)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Whether a text begins with the header that an export writes, or one that has the columns of an event in any order. */
export function isCsv(text: string): boolean {
  if (/^\ufeff?"?(seq|created|type)"?,/.test(text)) return true
  const [header = ''] = text.replace(/^\ufeff/, '').split(/\r?\n/, 1)
  const columns = header.split(',').map((column) => column.replace(/^"(.*)"$/, '$1'))
  return ['type', 'identifier', 'data'].every((column) => columns.includes(column))
}

/**
 * Turns rows into the JSON of events, one string for each row. The header is an empty string, and a row that is not an
 * event is a string that is not JSON, so that they are counted as lines.
 */
export async function* eventsOfCsv(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let columns: readonly string[] | undefined
  for await (const fields of csvRecords(texts)) {
    if (columns === undefined) {
      columns = fields
      yield ''
    } else if (fields.length === 1 && fields[0] === '') yield ''
    else yield eventOfRow(columns, fields)
  }
}

function eventOfRow(columns: readonly string[], fields: readonly string[]): string {
  if (fields.length !== columns.length) return `a row of ${fields.length} fields below ${columns.length} columns`
  const event: Record<string, unknown> = {}
  for (const [i, column] of columns.entries()) {
    const text = (fields[i] ?? '').replace(ESCAPED, '')
    if (text === '') continue
    try {
      event[column] = valueOf(column, text)
    } catch {
      return `data that is not JSON: ${text}`
    }
  }
  return JSON.stringify(event)
}

function valueOf(column: string, text: string): unknown {
  switch (column) {
    case 'data':
      return JSON.parse(text)
    case 'created': {
      const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
      return Number.isNaN(ms) ? text : ms
    }
    case 'seq':
    case 'cause':
    case 'revision':
      return /^\d+$/.test(text) ? Number(text) : text
    case 'transformed':
      return text === 'true' ? true : text
    default:
      return text
  }
}

/** Reads CSV (RFC 4180) that comes in pieces, record by record. */
async function* csvRecords(texts: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let fields: string[] = []
  let field = ''
  // `closing`: after a quote inside a quoted field, which ends it unless another quote follows.
  let state: 'plain' | 'quoted' | 'closing' = 'plain'
  let isFirst = true
  for await (const text of texts) {
    const piece = isFirst ? text.replace(/^\ufeff/, '') : text
    isFirst = false
    for (const character of piece) {
      if (state === 'quoted') {
        if (character === '"') state = 'closing'
        else field += character
      } else if (state === 'closing' && character === '"') {
        field += '"'
        state = 'quoted'
      } else if (character === '"' && field === '' && state === 'plain') state = 'quoted'
      else if (character === ',') {
        fields.push(field)
        field = ''
        state = 'plain'
      } else if (character === '\n') {
        // A CR inside a field is in quotes.
        yield [...fields, state === 'plain' ? field.replace(/\r$/, '') : field]
        fields = []
        field = ''
        state = 'plain'
      } else if (state === 'plain' || character !== '\r') field += character
    }
  }
  if (fields.length > 0 || field !== '' || state !== 'plain') yield [...fields, field]
}
