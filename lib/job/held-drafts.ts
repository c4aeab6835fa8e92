import { createHash } from 'node:crypto'
import { defined } from '../core/defined.ts'
import { quote, TidingsError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import { Mutex } from '../core/mutex.ts'
import type { Log, Write } from '../log/port.ts'
import { NORMAL } from './flood-rule.ts'
import type { Counts } from './run-report.ts'

/** The namespace of what the flood guard remembers: a `FloodRecord` by job. */
export const FLOODS = 'tidings/floods'

/** The namespace of a job's held drafts: a `HeldRecord` by the digest of its identity. */
export function heldNamespace(job: string): string {
  return `tidings/held/${job}`
}

/** What the flood guard remembers of a job whose runs have returned drafts. */
export interface FloodRecord {
  /** How many polls in a row were nearly all new; see `NORMAL`. */
  readonly row: number
  /** The held drafts; absent without any. */
  readonly held?: HeldSummary
}

/** How much a job holds. */
export interface HeldSummary {
  /** When the first of them was held, in ms since the epoch. */
  readonly since: number
  /** The number of drafts. */
  readonly count: number
  /** Their size, in characters of JSON. */
  readonly size: number
  /** The place of the next draft, in the order of telling. */
  readonly next: number
}

/** A held draft. */
type HeldRecord = Pick<Draft, 'type' | 'identifier' | 'version' | 'data'> & {
  readonly transformed?: true
  /** Its place in the order of telling. */
  readonly place: number
  /** In characters of JSON. */
  readonly size: number
}

/** The most that a job holds: as much as a run may keep in memory. `size` is in characters of JSON. */
export const MOST_HELD = { count: 10_000, size: 32 * 1024 * 1024 }

/** How many held drafts are accepted in one step. */
const PAGE = 500

/** The identity of a draft, as far as it can be known without the log's rule. */
export function identityOf({ type, identifier }: Draft): string {
  return `${type}\0${identifier}`
}

/** The size of a draft, in characters of JSON. */
export function sizeOf(draft: Draft): number {
  try {
    return draft.type.length + draft.identifier.length + (JSON.stringify(draft.data)?.length ?? 0) || 0
  } catch {
    // An invalid draft: the log refuses it.
    return 0
  }
}

/** The error of a run that returned more new drafts than a job may hold. */
export function floodTooLarge(job: string): TidingsError {
  const words = `job ${quote(job)} returned more new drafts than can be held (${MOST_HELD.count}, or ${MOST_HELD.size} bytes)`
  const advice = 'nothing of this run is stored; if all of it is wanted, set flood: false for the job'
  return new TidingsError('TIDINGS_FLOOD_TOO_LARGE', `${words}: ${advice}`, { details: { job, ...MOST_HELD } })
}

/** What a change of the held drafts writes. */
export interface HeldChange {
  readonly writes: readonly Write[]
  /** How many drafts are held that were not before. */
  readonly added: number
  /** All that are held then; absent without any. */
  readonly held?: HeldSummary
}

// One change of held drafts at a time in a log: each reads first what it changes.
const turns = new WeakMap<Log, Mutex>()

/** The held drafts of one job, and what the flood guard remembers of it. */
export class HeldDrafts {
  readonly job: string
  readonly #log: Log

  constructor(log: Log, job: string) {
    this.#log = log
    this.job = job
  }

  /** Runs a change of the held drafts after all earlier ones. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = turns.get(this.#log) ?? new Mutex()
    turns.set(this.#log, turn)
    return turn.runExclusive(change)
  }

  async record(): Promise<FloodRecord | undefined> {
    return (await this.#log.store(FLOODS).get<FloodRecord>(this.job))?.value
  }

  async has(identity: string): Promise<boolean> {
    return (await this.#find(identity)) !== undefined
  }

  /**
   * Returns the writes that hold these drafts, by identity. The newest data of an identity wins, and its first place.
   *
   * @throws TidingsError `TIDINGS_FLOOD_TOO_LARGE`
   */
  async adding(drafts: ReadonlyMap<string, Draft>, row: number, now: number): Promise<HeldChange> {
    const known = await this.record()
    const before = known?.held
    let { count, size, next, since } = before ?? { count: 0, size: 0, next: 1, since: now }
    const writes: Write[] = []
    let found = 0
    for (const [identity, draft] of drafts) {
      if (++found % PAGE === 0) await new Promise((resolve) => setImmediate(resolve))
      const older = await this.#find(identity)
      const record: HeldRecord = { ...heldForm(draft), place: older?.place ?? next, size: sizeOf(draft) }
      // A service repeats its items in every poll: most are as they were.
      if (older !== undefined && isSame(older, record)) continue
      writes.push({ namespace: heldNamespace(this.job), key: keyOf(identity), value: record as never })
      size += record.size - (older?.size ?? 0)
      if (older !== undefined) continue
      count += 1
      next += 1
    }
    if (count > MOST_HELD.count || size > MOST_HELD.size) throw floodTooLarge(this.job)
    const held = count === 0 ? undefined : { since, count, size, next }
    if (writes.length > 0 || row !== known?.row) writes.push(this.remembering({ row, ...defined({ held }) }))
    return { writes, added: count - (before?.count ?? 0), ...defined({ held }) }
  }

  /**
   * Accepts all held drafts in their order, told or untold, and resolves to the log's answers. Each step removes what it
   * accepts, so that after a crash the rest is still held.
   */
  settle(told: boolean): Promise<Counts> {
    return this.inTurn(async () => {
      const counts = { new: 0, changed: 0, duplicate: 0 }
      const record = await this.record()
      if (record?.held === undefined) return counts
      const held = await this.#list()
      let left = record.held
      do {
        const page = held.splice(0, PAGE)
        left = { ...left, count: held.length, size: held.reduce((sum, { size }) => sum + size, 0) }
        // A person who releases a poll says that such polls are normal; see `NORMAL`.
        const end = { row: told ? NORMAL : record.row }
        const state = [
          ...page.map(({ key }) => ({ namespace: heldNamespace(this.job), key })),
          this.remembering(held.length > 0 ? { ...record, held: left } : end),
        ]
        const drafts = page.map(({ key: _, place: __, size: ___, ...draft }) => draft)
        for (const { status } of await this.#log.accept(drafts, { job: this.job, told, state })) counts[status] += 1
      } while (held.length > 0)
      return counts
    })
  }

  async #list(): Promise<(HeldRecord & { readonly key: string })[]> {
    const held: (HeldRecord & { readonly key: string })[] = []
    for await (const { key, value } of this.#log.store(heldNamespace(this.job)).list<HeldRecord>())
      held.push({ ...value, key })
    return held.sort((a, b) => a.place - b.place)
  }

  /** Returns the write that remembers this. */
  remembering(record: FloodRecord): Write {
    return { namespace: FLOODS, key: this.job, value: { ...record } as never }
  }

  async #find(identity: string): Promise<HeldRecord | undefined> {
    return (await this.#log.store(heldNamespace(this.job)).get<HeldRecord>(keyOf(identity)))?.value
  }
}

// An identity may be longer than a key.
function keyOf(identity: string): string {
  return createHash('sha256').update(identity).digest('hex')
}

function isSame(a: HeldRecord, b: HeldRecord): boolean {
  return a.size === b.size && a.version === b.version && JSON.stringify(a.data) === JSON.stringify(b.data)
}

function heldForm({ type, identifier, version, data, transformed }: Draft): Omit<HeldRecord, 'place' | 'size'> {
  return { type, identifier, data, ...defined({ version, transformed }) }
}

/** How much a job holds, as JSON; absent where it holds nothing. */
export interface Held {
  readonly held: number
  /** In ISO format. */
  readonly heldSince: string
}

/** The jobs of a log that hold drafts, by name. */
export async function heldByJob(log: Log): Promise<ReadonlyMap<string, Held>> {
  const all = new Map<string, Held>()
  for await (const { key, value } of log.store(FLOODS).list<FloodRecord>()) {
    if (value.held === undefined) continue
    const { count, since } = value.held
    all.set(key, { held: count, heldSince: new Date(since).toISOString() })
  }
  return all
}
