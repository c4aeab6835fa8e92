import type { State } from '../../lib/index.ts'

/** A version of a file. */
export interface Print {
  readonly size: number
  readonly mtime: number
  readonly ctime: number
  readonly ino: number
  /** A digest of its bytes, if it is small. */
  readonly digest?: string
}

/** What the state has of a path. */
export interface Entry {
  /** How often something was told of this path. */
  readonly told: number
  /** The file as it was last told; undefined if it was not, or is gone. */
  readonly print?: Print
  /** A newer version that is not stable yet, and when it was first seen. */
  readonly next?: { readonly size: number; readonly mtime: number; readonly since: number }
  /** Since when it has been missing, which was not told yet. */
  readonly missing?: number
  /** When it was told to be gone. The entry stays, because a file that comes back is another happening. */
  readonly gone?: number
}

/** What the state has of the folder. */
export interface Folder {
  readonly root: string
  /** The patterns that were looked for. */
  readonly patterns: string
  readonly device: number
  /** The highest `told` of a path that was forgotten: no path begins below it. */
  readonly floor: number
}

/** State is written by bucket: a change of one file among 100 000 writes about 400 of them. */
const BUCKETS = 256

/** The number of paths that are remembered after their files are gone. */
const MOST_GONE = 10_000

/** What is known of the files of a folder: read once in a run, and written where it changed. */
export class Known {
  folder: Folder | undefined
  readonly #entries: Map<string, Entry>
  readonly #dirty = new Set<number>()
  #folderChanged = false

  private constructor(folder: Folder | undefined, entries: Map<string, Entry>) {
    this.folder = folder
    this.#entries = entries
  }

  /** What the state has. */
  static async load(state: State): Promise<Known> {
    const buckets = await Promise.all(
      Array.from({ length: BUCKETS }, (_, bucket) => state.get<[string, Entry][]>(nameOf(bucket), [])),
    )
    return new Known(await state.get<Folder>('folder'), new Map(buckets.flat()))
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  set(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    this.#dirty.add(bucketOf(key))
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#dirty.add(bucketOf(key))
  }

  entries(): Iterable<readonly [string, Entry]> {
    return this.#entries
  }

  setFolder(folder: Folder): void {
    this.folder = folder
    this.#folderChanged = true
  }

  /** Forgets everything. */
  clear(): void {
    for (const key of this.#entries.keys()) this.#dirty.add(bucketOf(key))
    this.#entries.clear()
  }

  /** Sets the state where something changed. Returns whether anything did. */
  save(state: State): boolean {
    this.#forget()
    if (this.#dirty.size === 0 && !this.#folderChanged) return false
    const changed = new Map([...this.#dirty].map((bucket) => [bucket, [] as (readonly [string, Entry])[]]))
    for (const pair of this.#entries) changed.get(bucketOf(pair[0]))?.push(pair)
    for (const [bucket, pairs] of changed) {
      if (pairs.length === 0) state.delete(nameOf(bucket))
      else state.set(nameOf(bucket), pairs)
    }
    if (this.#folderChanged) state.set('folder', this.folder)
    this.#dirty.clear()
    this.#folderChanged = false
    return true
  }

  // Forgets the files that have been gone longest.
  #forget(): void {
    const gone: (readonly [string, Entry])[] = []
    for (const pair of this.#entries) if (pair[1].gone !== undefined) gone.push(pair)
    if (gone.length <= MOST_GONE || this.folder === undefined) return
    // More than necessary, so that this is rare.
    const oldest = gone.sort(([, a], [, b]) => (a.gone ?? 0) - (b.gone ?? 0)).slice(0, gone.length - MOST_GONE / 2)
    for (const [key] of oldest) this.delete(key)
    const floor = oldest.reduce((most, [, { told }]) => Math.max(most, told), this.folder.floor)
    this.setFolder({ ...this.folder, floor })
  }
}

function nameOf(bucket: number): string {
  return `files ${bucket}`
}

function bucketOf(key: string): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
  return (hash >>> 8) % BUCKETS
}
