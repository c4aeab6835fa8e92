import { describe, quote, TidingsError } from '../core/errors.ts'
import { toJson } from '../core/json.ts'
import type { Entry, KeyValue } from '../log/port.ts'
import { keys, startingWith, textsOf } from './format/keys.ts'
import type { ReopeningStore } from './session/reopening-store.ts'
import { PAGE } from './store/database.ts'
import { stateKey } from './write/states.ts'

/** Returns the values of one namespace. */
export function keyValue(store: ReopeningStore, namespace: string): KeyValue {
  return {
    async get<T>(key: string) {
      return store.session.states.read(stateKey({ namespace, key })) as Entry<T> | undefined
    },
    async set(key, value, options = {}) {
      const json = toJson(value)
      const revision = store.session.states.read(stateKey({ namespace, key }))?.revision ?? 0
      if (options.if !== undefined && options.if !== revision) throw conflict(namespace, key, options.if, revision)
      await store.commit(store.session.states.write([{ namespace, key, value: json }]))
      return revision + 1
    },
    async delete(key) {
      if (store.session.states.read(stateKey({ namespace, key })) === undefined) return false
      await store.commit(store.session.states.write([{ namespace, key }]))
      return true
    },
    list: <T>(prefix = '') => list<T>(store, namespace, prefix),
  }
}

function conflict(namespace: string, key: string, expected: unknown, revision: number): TidingsError {
  return new TidingsError(
    'TIDINGS_STATE_CONFLICT',
    `${quote(key)} in ${quote(namespace)} is at revision ${revision}, expected ${describe(expected)}`,
    { details: { namespace, key, expected, revision } },
  )
}

async function* list<T>(
  store: ReopeningStore,
  namespace: string,
  prefix: string,
): AsyncGenerator<Entry<T> & { readonly key: string }> {
  // A prefix is the beginning of a key, so it has the same limits; an empty one lists all.
  stateKey({ namespace, key: prefix === '' ? 'any' : prefix })
  const range = startingWith(keys.stateOf(namespace, prefix))
  let from: { gte: string } | { gt: string } = { gte: range.gte }
  for (;;) {
    const found: string[] = await store.session.db.keys({ ...from, lt: range.lt, limit: PAGE }).all()
    for (const at of found) {
      // Reads each key through the pending writes, which may have changed or deleted it.
      const record = store.session.states.read(at) as Entry<T> | undefined
      if (record !== undefined) yield { key: textsOf(at)[1] as string, ...record }
    }
    const last: string | undefined = found.at(-1)
    if (last === undefined || found.length < PAGE) return
    from = { gt: last }
  }
}
