import type { ComponentChildren, Key } from 'preact'

/** A column of a table. */
export type Column<T> = readonly [
  head: string,
  cell: (row: T) => ComponentChildren,
  /** `wide`: only where there is room; `number`; `name`: heads the row. */
  kind?: string,
]

/** A table whose rows keep their identity: what has not changed stays where it is. */
export function Table<T>({
  columns,
  rows,
  keyOf,
  isSelected,
}: {
  readonly columns: readonly Column<T>[]
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
          <tr key={keyOf(row)} class={isSelected?.(row) ? 'selected' : undefined}>
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
        ))}
      </tbody>
    </table>
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
