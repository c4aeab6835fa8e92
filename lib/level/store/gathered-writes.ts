import type { AbstractLevel } from 'abstract-level'

type Change = readonly [key: string, text: string | undefined]

/** How many changes are gathered at most: some 20 MB. */
const MOST_GATHERED = 100_000

/** The operations that read or write in the order of keys, or all of a store. */
const IN_ORDER = [
  'batch',
  'clear',
  'del',
  'get',
  'getMany',
  'getSync',
  'has',
  'hasMany',
  'iterator',
  'keys',
  'put',
  'snapshot',
  'values',
] as const

/**
 * Makes a store in memory fast for many small batches and few scans, as an agent makes them.
 *
 * `MemoryLevel` keeps a persistent tree of bytes: each write converts its text, searches for its place and copies the path
 * to it. Here a batch goes into a map of text, in which `getSync` looks first. A record that is written a thousand times
 * takes its place in the tree once: before the next operation that needs the tree.
 *
 * - A batch is applied in one step, and is lost if the store was closed after it was made, as LevelDB's are.
 * - What was gathered outlives closing, as the tree does.
 */
// The parameter of the type is the store's own format.
export function gatherWrites(db: AbstractLevel<any>): void {
  const gathered = new Map<string, string | undefined>()
  let closings = 0
  db.on('closed', () => (closings += 1))
  const batch = db.batch.bind(db)
  const getSync = db.getSync.bind(db)
  const sort = (): void => {
    if (gathered.size === 0 || db.status !== 'open') return
    const ops = Array.from(gathered, ([key, value]) =>
      value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const),
    )
    gathered.clear()
    // `MemoryLevel` has applied an array of operations when its `batch` returns.
    void batch(ops)
  }
  for (const name of IN_ORDER) {
    const act = db[name].bind(db) as (...given: readonly unknown[]) => unknown
    Object.assign(db, { [name]: (...given: readonly unknown[]) => (sort(), act(...given)) })
  }
  const inOrder = { batch: db.batch, getSync: db.getSync }
  const apply = (changes: readonly Change[], made: number): void => {
    if (made !== closings || db.status !== 'open') throw new Error('the store was closed before the batch was written')
    for (const [key, text] of changes) gathered.set(key, text)
    if (gathered.size > MOST_GATHERED) sort()
  }
  Object.assign(db, {
    batch: (...given: Parameters<typeof batch>) => {
      if (given.length > 0 || db.status !== 'open') return inOrder.batch(...given)
      const made = closings
      return new TextBatch((changes) => apply(changes, made))
    },
    getSync: (key: string, options?: Parameters<typeof getSync>[1]) => {
      if (options !== undefined || db.status !== 'open') return inOrder.getSync(key, options as never)
      return gathered.has(key) ? gathered.get(key) : getSync(key)
    },
  })
}

/** A batch as LevelDB's. */
class TextBatch {
  readonly #changes: Change[] = []
  readonly #apply: (changes: readonly Change[]) => void

  constructor(apply: (changes: readonly Change[]) => void) {
    this.#apply = apply
  }

  put(key: string, text: string): this {
    this.#changes.push([key, text])
    return this
  }

  del(key: string): this {
    this.#changes.push([key, undefined])
    return this
  }

  async write(): Promise<void> {
    this.#apply(this.#changes.splice(0))
  }

  async close(): Promise<void> {
    this.#changes.length = 0
  }
}
