import { type KeyRange, type RecordKind, startingWith } from '../format/keys.ts'
import { type Database, pagesOf, READ_AHEAD } from './database.ts'

/** The store as it was at one moment, whatever is written later. Close it: until then, LevelDB frees no disk space. */
export interface StoreSnapshot extends Pick<Database, 'iterator'> {
  /** Reads one record; undefined when it does not exist. */
  get(key: string): Promise<string | undefined>
  /** Reads records in the order of their keys in the array. */
  getMany(keys: string[]): Promise<(string | undefined)[]>
  /** All records, or those of one kind, in pages. */
  pages(kind?: RecordKind): AsyncGenerator<[string, string][]>
  /** Releases the snapshot. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Takes a snapshot of the present state. */
export function takeSnapshot(db: Database): StoreSnapshot {
  const snapshot = db.snapshot()
  const iterator = ((range: object) => db.iterator({ ...range, snapshot })) as Database['iterator']
  return {
    get: (key) => db.get(key, { snapshot }),
    getMany: (keys) => db.getMany(keys, { snapshot }),
    iterator,
    pages(kind) {
      const range: Partial<KeyRange> = kind === undefined ? {} : startingWith(kind)
      return pagesOf(iterator({ ...range, ...READ_AHEAD }))
    },
    [Symbol.asyncDispose]: () => snapshot.close(),
  }
}
