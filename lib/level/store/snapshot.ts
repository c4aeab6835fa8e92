import { startingWith } from '../format/keys.ts'
import { type Database, pagesOf, READ_AHEAD } from './database.ts'

/** The store as it was at one moment, whatever is written meanwhile. To be closed: until then LevelDB frees nothing. */
export interface StoreSnapshot {
  get(key: string): Promise<string | undefined>
  getMany(keys: string[]): Promise<(string | undefined)[]>
  /** All records whose keys begin with `prefix`, in pages of at most `size`. */
  pages(prefix: string, size: number): AsyncGenerator<[string, string][]>
  [Symbol.asyncDispose](): Promise<void>
}

export function takeSnapshot(db: Database): StoreSnapshot {
  const snapshot = db.snapshot()
  return {
    get: (key) => db.get(key, { snapshot }),
    getMany: (keys) => db.getMany(keys, { snapshot }),
    pages(prefix, size) {
      const range = prefix === '' ? {} : startingWith(prefix)
      return pagesOf(db.iterator({ ...range, snapshot, ...READ_AHEAD }), size)
    },
    [Symbol.asyncDispose]: () => snapshot.close(),
  }
}
