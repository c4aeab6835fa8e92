import { type RecordKind, startingWith } from '../format/keys.ts'
import { type Database, pagesOf, READ_AHEAD } from './database.ts'

/** The store as it was at one moment, whatever is written meanwhile. To be closed: until then LevelDB frees nothing. */
export interface StoreSnapshot {
  get(key: string): Promise<string | undefined>
  getMany(keys: string[]): Promise<(string | undefined)[]>
  /** All records, or those of one kind, in pages. */
  pages(kind?: RecordKind): AsyncGenerator<[string, string][]>
  [Symbol.asyncDispose](): Promise<void>
}

export function takeSnapshot(db: Database): StoreSnapshot {
  const snapshot = db.snapshot()
  return {
    get: (key) => db.get(key, { snapshot }),
    getMany: (keys) => db.getMany(keys, { snapshot }),
    pages(kind) {
      const range = kind === undefined ? {} : startingWith(kind)
      return pagesOf(db.iterator({ ...range, snapshot, ...READ_AHEAD }))
    },
    [Symbol.asyncDispose]: () => snapshot.close(),
  }
}
