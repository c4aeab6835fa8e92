import type { ComponentChildren, Key } from 'preact'
import { useMemo } from 'preact/hooks'
import { some } from './text.ts'

/** A column of a table. */
export type Column<T> = readonly [
  head: string,
  cell: (row: T) => ComponentChildren,
  /** `wide`: only where there is room; `number`; `name`: heads the row. */
  kind?: string,
]

interface Rows<T> {
  readonly columns: readonly Column<T>[]
  /** All that the cells depend on besides their row: while it stays the same, rows are not drawn again. */
  readonly by?: string
}

/** A table whose rows keep their identity: what has not changed stays where it is. */
export function Table<T>({
  columns,
  rows,
  keyOf,
  isSelected,
  by,
}: Rows<T> & {
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => Key
  readonly isSelected?: (row: T) => boolean
}) {
  return (
    <table>
      <thead>
        <tr>
          {columns.map(([head, , kind]) => (
            <th key={head} scope="col" class={kind}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={keyOf(row)} row={row} columns={columns} isSelected={isSelected?.(row) === true} {...some({ by })} />
        ))}
      </tbody>
    </table>
  )
}

function Row<T>({ row, columns, isSelected, by }: Rows<T> & { readonly row: T; readonly isSelected: boolean }) {
  return useMemo(
    () => (
      <tr class={isSelected ? 'selected' : undefined}>
        {columns.map(([head, cell, kind]) =>
          kind === 'name' ? (
            <th key={head} scope="row">
              {cell(row)}
            </th>
          ) : (
            <td key={head} class={kind}>
              {cell(row)}
            </td>
          ),
        )}
      </tr>
    ),
    // Preact leaves out what is the same as before.
    [row, isSelected, by ?? {}],
  )
}

/** Says how much of a list is shown, if it is not all. */
export function First({ most, of }: { readonly most: number; readonly of: number }) {
  return of > most ? (
    <p class="quiet">
      the first {most} of {of}
    </p>
  ) : undefined
}
