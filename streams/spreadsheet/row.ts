import { Park } from '../../lib/index.ts'
import { describe, quote } from '../../lib/streams.ts'

/** A value of a cell: text, a number, true or false, a date (written as ISO 8601 in UTC), or nothing. */
export type Cell = string | number | bigint | boolean | Date | null | undefined

/** A row: the values of its cells by the names of their columns. */
export type Row = Readonly<Record<string, Cell>>

/** A file of rows. */
export interface RowsOptions {
  readonly path: string
  /** The columns of a new file; default those of the first row. */
  readonly columns: readonly string[] | undefined
  /** The column whose values are never there twice; default none. */
  readonly key: string | undefined
}

/** The name of the handler, for errors. */
export const WHO = 'spreadsheet.appendRow'

/** What is written: text, and numbers that stay numbers. */
export type Written = string | number

/**
 * Checks a row.
 *
 * @throws Park if it is not an object, has no columns, or a value is not a cell
 */
export function cellsOf(row: unknown): ReadonlyMap<string, Written> {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new Park(`${WHO}: expected a row such as { title: 'x' }, got ${describe(row)}`)
  }
  const cells = new Map(Object.entries(row).map(([column, value]) => [column.toWellFormed(), written(column, value)]))
  if (cells.size === 0) throw new Park(`${WHO}: the row has no columns`)
  return cells
}

function written(column: string, value: unknown): Written {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  const words = `column ${quote(column)} must be text, a number, true, false, a date or nothing`
  throw new Park(`${WHO}: ${words}, got ${describe(value)}`)
}

/**
 * Puts the cells of a row in the order of the file's columns; a column that the row does not have stays empty.
 *
 * @throws Park if the row has columns that the file does not have
 */
export function inOrder(cells: ReadonlyMap<string, Written>, columns: readonly string[], path: string): Written[] {
  const unknown = [...cells.keys()].filter((column) => !columns.includes(column))
  if (unknown.length > 0) {
    const there = columns.slice(0, 20).map(quote).join(', ')
    throw new Park(`${WHO}: ${path} has no column ${unknown.map(quote).join(', ')}; there are ${there}`)
  }
  return columns.map((column, at) => (columns.indexOf(column) === at ? (cells.get(column) ?? '') : ''))
}
