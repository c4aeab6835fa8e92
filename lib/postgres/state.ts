import { describe, quote, TidingsError } from '../core/errors.ts'
import { toJson } from '../core/json.ts'
import { checkStateKey } from '../log/check-draft.ts'
import type { Entry, KeyValue, Writes } from '../log/port.ts'
import type { Row } from './connection.ts'
import { fromText, toText } from './text.ts'

/** The number of values that are listed at a time. */
const PAGE = 500

/** The values for `put_state`: namespaces, keys, and values (null deletes). */
export function stateColumns(writes: Writes): readonly unknown[][] {
  return [
    writes.map(({ namespace }) => toText(namespace)),
    writes.map(({ key }) => toText(key)),
    writes.map(({ value }) => (value === undefined ? null : JSON.stringify(value))),
  ]
}

/** Asks on the connection that writes, after everything that was written before. */
export type AskInOrder = (text: string, values: readonly unknown[]) => Promise<readonly Row[]>

/** How the values of a namespace are read and written. `change`: a statement that ends with a list. */
export interface StateAccess {
  readonly ask: AskInOrder
  readonly change: AskInOrder
}

/** Returns the values of one namespace; `table`: the name of the table of state. */
export function keyValue({ ask, change }: StateAccess, table: string, namespace: string): KeyValue {
  const at = (key: string): [string, string] => {
    checkStateKey({ namespace, key })
    return [toText(namespace), toText(key)]
  }
  const revisionOf = async (key: string): Promise<number> => {
    const [row] = await ask(`SELECT revision FROM ${table} WHERE namespace = $1 AND key = $2`, at(key))
    return Number(row?.[0] ?? 0)
  }
  return {
    async get<T>(key: string) {
      const [row] = await ask(`SELECT value, revision FROM ${table} WHERE namespace = $1 AND key = $2`, at(key))
      return row === undefined ? undefined : entryOf<T>(row[0], row[1])
    },
    async set(key, value, options = {}) {
      const place = at(key)
      const json = JSON.stringify(toJson(value))
      // No value is at any other revision: the server would refuse the statement, not the set.
      const isPossible = options.if === undefined || (Number.isSafeInteger(options.if) && options.if >= 0)
      const asked = isPossible && options.if ? [options.if] : []
      const [row] = isPossible ? await change(setting(table, options.if), [...place, json, ...asked]) : []
      if (row !== undefined) return Number(row[0])
      throw conflict(namespace, key, options.if, await revisionOf(key))
    },
    async delete(key) {
      return (await change(`DELETE FROM ${table} WHERE namespace = $1 AND key = $2 RETURNING 1`, at(key))).length > 0
    },
    async *list<T>(prefix = '') {
      // A prefix is the beginning of a key, so it has the same limits; an empty one lists all.
      at(prefix === '' ? 'any' : prefix)
      const text = `SELECT key, value, revision FROM ${table}
        WHERE namespace = $1 AND key > $2 AND starts_with(key, $3) ORDER BY key LIMIT ${PAGE}`
      // No key is empty, and none that follows a prefix is less than the text before it.
      for (let after = ''; ; ) {
        const rows = await ask(text, [toText(namespace), after, toText(prefix)])
        for (const [key, value, revision] of rows)
          yield { key: fromText(key as string), ...entryOf<T>(value, revision) }
        if (rows.length < PAGE) return
        after = rows.at(-1)?.[0] as string
      }
    },
  }
}

function setting(table: string, revision: number | undefined): string {
  const insert = `INSERT INTO ${table} VALUES ($1, $2, $3, 1)`
  if (revision === undefined)
    return `${insert} ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value,
      revision = ${table.split('.').at(-1)}.revision + 1 RETURNING revision`
  if (revision === 0) return `${insert} ON CONFLICT DO NOTHING RETURNING revision`
  return `UPDATE ${table} SET value = $3, revision = revision + 1
    WHERE namespace = $1 AND key = $2 AND revision = $4 RETURNING revision`
}

function entryOf<T>(value: unknown, revision: unknown): Entry<T> {
  return { value: JSON.parse(value as string) as T, revision: Number(revision) }
}

function conflict(namespace: string, key: string, expected: unknown, revision: number): TidingsError {
  return new TidingsError(
    'TIDINGS_STATE_CONFLICT',
    `${quote(key)} in ${quote(namespace)} is at revision ${revision}, expected ${describe(expected)}`,
    { details: { namespace, key, expected, revision } },
  )
}
