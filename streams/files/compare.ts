import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { bytesOf, isInside, joined, shownPath } from './file-name.ts'
import type { Choice } from './glob.ts'
import type { Entry, Known, Print } from './known.ts'
import type { Found, Scan } from './scan.ts'

/** The largest file whose bytes are compared, in bytes: of larger ones, size and time decide. */
const LARGEST_READ = 1024 * 1024

/** Files that are read together. */
const TOGETHER = 16

/** Something to tell. */
export interface Change {
  readonly kind: 'appeared' | 'changed' | 'gone'
  readonly key: string
  /** The file, or the last that was known of it. */
  readonly print: Print
  /** Counts what was told of this path, from 1. */
  readonly nth: number
}

/** How a look compares. */
export interface Comparison {
  readonly root: string
  readonly choice: Choice
  /** Now, in ms since the epoch. */
  readonly now: number
  /** How long a file must stay the same, in ms. */
  readonly stable: number
  /** Records files that were unknown, without telling them. */
  readonly quiet: boolean
}

/** What a comparison found. */
export interface Comparing {
  /** What went first, then what appeared or changed, oldest first. */
  readonly changes: readonly Change[]
  /** In how many ms a file may be stable that is not yet; undefined if all are. */
  readonly due: number | undefined
}

/**
 * Compares a scan with what the state knows, and notes there what changed.
 *
 * ```
 * unknown ──seen──> next ──same for `stable`──> told: appeared ──other size, time …──> next ──> told: changed
 *                    │ missing: forgotten            │ missing for `stable`           (same bytes: noted, not told)
 *                                                    └──> told: gone ──seen──> next …
 * ```
 */
export async function compare(known: Known, scan: Scan, how: Comparison): Promise<Comparing> {
  const waiting = new Waiting(how)
  const settled: Found[] = []
  const seen = new Set<string>()
  for (const found of scan.files) {
    seen.add(found.key)
    const entry = known.get(found.key)
    if (entry?.print !== undefined && isSame(entry.print, found)) settle(known, found.key, entry)
    else if (how.quiet && entry === undefined) settled.push(found)
    else if (waiting.isStable(known, found, entry)) settled.push(found)
  }
  const gone = missing(known, scan, seen, how, waiting)
  const came: Change[] = []
  for (let at = 0; at < settled.length; at += TOGETHER) {
    const some = settled.slice(at, at + TOGETHER)
    const prints = await Promise.all(some.map((found) => printOf(how.root, found)))
    for (const [i, { key }] of some.entries()) {
      const change = decide(known, key, prints[i] as Print, how)
      if (change !== undefined) came.push(change)
    }
  }
  return { changes: [...gone, ...came.sort(byTime)], due: waiting.due }
}

/** Compares files by the time of their last change, the oldest first. */
export function byTime(one: Pick<Change, 'key' | 'print'>, other: Pick<Change, 'key' | 'print'>): number {
  return one.print.mtime - other.print.mtime || (one.key < other.key ? -1 : 1)
}

/** Decides since when files wait, and which have waited long enough. */
class Waiting {
  due: number | undefined
  readonly #now: number
  readonly #stable: number

  constructor({ now, stable }: Comparison) {
    this.#now = now
    this.#stable = stable
  }

  isStable(known: Known, { key, size, mtime }: Found, entry: Entry | undefined): boolean {
    const waiting = entry?.next?.size === size && entry.next.mtime === mtime ? entry.next : undefined
    const since = this.#since(waiting?.since)
    if (this.#isOver(since)) return true
    if (since !== waiting?.since || entry?.missing !== undefined) {
      const { told = known.folder?.floor ?? 0, print, gone } = entry ?? {}
      known.set(key, { told, ...(print && { print }), ...(gone && { gone }), next: { size, mtime, since } })
    }
    return false
  }

  isGone(known: Known, key: string, entry: Entry): boolean {
    const since = this.#since(entry.missing)
    if (this.#isOver(since)) return true
    if (since !== entry.missing) known.set(key, { ...entry, missing: since })
    return false
  }

  // A clock that was set back would otherwise make it wait for as long.
  #since(known: number | undefined): number {
    return known === undefined || known > this.#now ? this.#now : known
  }

  #isOver(since: number): boolean {
    const left = since + this.#stable - this.#now
    if (left <= 0) return true
    this.due = Math.min(this.due ?? left, left)
    return false
  }
}

/** Ends waiting for a file that is again, or still, as it was told. */
function settle(known: Known, key: string, { told, print, next, missing }: Entry): void {
  if (print !== undefined && (next !== undefined || missing !== undefined)) known.set(key, { told, print })
}

function missing(known: Known, scan: Scan, seen: ReadonlySet<string>, how: Comparison, waiting: Waiting): Change[] {
  const gone: Change[] = []
  for (const [key, entry] of known.entries()) {
    if (seen.has(key)) continue
    const { told, print } = entry
    if (!isWanted(key, how.choice)) known.delete(key)
    else if (scan.unread.length > 0 && scan.unread.some((folder) => isInside(bytesOf(key), folder))) continue
    else if (print === undefined) forget(known, key, entry)
    else if (waiting.isGone(known, key, entry)) {
      known.set(key, { told: told + 1, gone: how.now })
      gone.push({ kind: 'gone', key, print, nth: told + 1 })
    }
  }
  return gone
}

/** A file that was never told, or is known to be gone. */
function forget(known: Known, key: string, { told, next, gone }: Entry): void {
  if (gone === undefined) known.delete(key)
  else if (next !== undefined) known.set(key, { told, gone })
}

/** Whether the options still mean this file: one that they leave out now has not gone. */
function isWanted(key: string, choice: Choice): boolean {
  const path = shownPath(key)
  if (!choice.wants(path)) return false
  const parts = path.split('/')
  return !parts.some((_, at) => choice.ignores(parts.slice(0, at + 1).join('/')))
}

function decide(known: Known, key: string, print: Print, { quiet }: Comparison): Change | undefined {
  const entry = known.get(key)
  const { told = known.folder?.floor ?? 0, print: before } = entry ?? {}
  const same = before !== undefined && before.size === print.size && haveSameBytes(before, print)
  const silent = same || (quiet && entry === undefined)
  // What may not be read at the moment keeps the digest that it had.
  const digest = print.digest ?? (same ? before.digest : undefined)
  known.set(key, { told: silent ? told : told + 1, print: digest === undefined ? print : { ...print, digest } })
  return silent ? undefined : { kind: before === undefined ? 'appeared' : 'changed', key, print, nth: told + 1 }
}

function haveSameBytes(one: Print, other: Print): boolean {
  return one.digest === undefined || other.digest === undefined
    ? one.mtime === other.mtime
    : one.digest === other.digest
}

/** Of large files, size and time decide; of small ones, anything that differs makes them read again. */
function isSame(print: Print, { size, mtime, ctime, ino }: Found): boolean {
  if (print.size !== size || print.mtime !== mtime) return false
  return size > LARGEST_READ || (print.ctime === ctime && print.ino === ino)
}

async function printOf(root: string, { key, ...found }: Found): Promise<Print> {
  if (found.size > LARGEST_READ) return found
  try {
    const bytes = await readFile(joined(Buffer.from(root), bytesOf(key)))
    return { ...found, digest: createHash('sha256').update(bytes).digest('base64url').slice(0, 22) }
  } catch {
    // It may not be read, or is gone already: the next look knows.
    return found
  }
}
