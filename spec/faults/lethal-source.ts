import type { Database, DatabaseSource } from '../../lib/level/store/database.ts'

/**
 * Where a process kills itself: before, during (handed to LevelDB, not answered) or after its nth commit, note (events in
 * flight, written beside the commits) or read.
 */
export interface Death {
  readonly point: 'commit' | 'note' | 'read'
  readonly when: 'before' | 'during' | 'after'
  readonly nth: number
}

/** Every point at which a process can die. A read changes nothing, so dying during one has no effect of its own. */
export const deaths: readonly Omit<Death, 'nth'>[] = [
  { point: 'commit', when: 'before' },
  { point: 'commit', when: 'during' },
  { point: 'commit', when: 'after' },
  { point: 'note', when: 'before' },
  { point: 'note', when: 'during' },
  { point: 'note', when: 'after' },
  { point: 'read', when: 'before' },
  { point: 'read', when: 'after' },
]

// biome-ignore lint/suspicious/noExplicitAny: methods of any shape are wrapped
type Method = (...args: any[]) => unknown

/** A store that kills the process at one point, as `kill -9` does. */
export function lethalSource(source: DatabaseSource, death: Death): DatabaseSource {
  let left = death.nth
  const around = <R>(point: Death['point'], run: () => R): R => {
    const mine = point === death.point && --left === 0
    if (mine && death.when === 'before') die()
    const result = run()
    if (mine && death.when === 'during') die()
    if (!mine) return result
    if (!(result instanceof Promise)) return die()
    return result.then(die) as R
  }
  return {
    async open(options) {
      const db = await source.open(options)
      for (const name of ['get', 'getSync']) wrap(db, name, (run) => around('read', run))
      for (const name of ['iterator', 'keys']) {
        const begin = (db as unknown as Record<string, Method>)[name]?.bind(db) as Method
        const wrapped = (...args: unknown[]): unknown => {
          const iterator = begin(...args) as object
          for (const step of ['next', 'nextv', 'all']) wrap(iterator, step, (run) => around('read', run))
          return iterator
        }
        Object.defineProperty(db, name, { value: wrapped })
      }
      const begin = db.batch.bind(db) as unknown as () => ReturnType<Database['batch']>
      const batch = (): unknown => {
        const chained = begin()
        wrap(chained, 'write', (run, how) => around((how as { sync?: boolean })?.sync ? 'commit' : 'note', run))
        return chained
      }
      Object.defineProperty(db, 'batch', { value: batch })
      return db
    },
  }
}

function wrap(target: object, name: string, around: (run: () => unknown, ...args: unknown[]) => unknown): void {
  const method = (target as Record<string, Method>)[name]?.bind(target) as Method
  Object.defineProperty(target, name, {
    value: (...args: unknown[]) => around(() => method(...args), ...args),
  })
}

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('not reached')
}
