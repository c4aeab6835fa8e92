import { quote, TidingsError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Decider, Digest, MemoryFilter } from '../memory/memory-filter.ts'
import { cellKey, type Decisions, noteOf } from './kept.ts'
import type { MemoryPipe } from './memory-pipe.ts'
import type { Records } from './records.ts'

/** What a session goes by. */
export interface SessionOptions {
  readonly seq: number
  /** When its values reach the filters, in ms since the epoch. */
  readonly time: number
  /** The decisions that were made before; they stand. */
  readonly kept?: Decisions
  /** The waiting values that another event has confirmed: `note` keys. */
  readonly confirmed?: ReadonlySet<string>
  /** Makes no new decisions: values without one pass. */
  readonly again?: boolean
}

/** A value that waited, of another event, and has been left out since. */
export interface Replaced {
  readonly seq: number
  /** The filter at which it waited, by its name in the log. */
  readonly name: string
  readonly index: number
}

/** The decisions of a filter, with the value of this number left out. */
export function leavingOut(decisions: string, index: number): string {
  return `${decisions.slice(0, index)}0${decisions.slice(index + 1)}`
}

/**
 * What the filters of a pipe decide about the values of one event. It changes nothing: `cells` and `notes` wait
 * for its user to store them. If `missing` has keys, nothing that it decided counts: they have to be read first.
 */
export class Session implements Decider {
  /** What filters remember now. */
  readonly cells = new Map<string, JsonValue>()
  /** Notes for events whose waiting value passes now. */
  readonly notes: string[] = []
  /** The values of other events that waited, and never pass. */
  readonly replaced: Replaced[] = []
  /** The memories that are not at hand. */
  readonly missing = new Set<string>()
  /** The values that the digest collects. */
  readonly collected: unknown[] = []
  /** The memory that they go into. */
  collectedIn: string | undefined
  /** When the first of the waiting values is decided, in ms since the epoch; undefined if none waits. */
  until: number | undefined
  readonly #pipe: MemoryPipe
  readonly #records: Records
  readonly #options: SessionOptions
  readonly #decisions = new Map<string, string>()

  constructor(pipe: MemoryPipe, records: Records, options: SessionOptions) {
    this.#pipe = pipe
    this.#records = records
    this.#options = options
  }

  /** All decisions, those that were made before included. */
  get decisions(): Decisions {
    return Object.fromEntries(this.#decisions)
  }

  /** What is remembered under a key. */
  cell(key: string): JsonValue | undefined {
    if (this.cells.has(key)) return this.cells.get(key)
    const found = this.#records.peek(key)
    if (found === undefined) this.missing.add(key)
    return found?.value
  }

  decides(memory: MemoryFilter | Digest, value: unknown): boolean {
    if (memory.kind === 'digest') {
      this.#collect(memory, value)
      return false
    }
    const name = this.#pipe.names.get(memory) ?? memory.code
    const decision = this.#decision(memory, name, value, this.#decided(name).length)
    this.#decisions.set(name, this.#decided(name) + decision)
    return decision === '1'
  }

  #decided(name: string): string {
    return this.#decisions.get(name) ?? ''
  }

  #decision(filter: MemoryFilter, name: string, value: unknown, index: number): string {
    const { seq, kept, again = false } = this.#options
    const decided = kept?.[name]?.[index]
    if (decided === '?') return this.#decideWaiting(filter, name, value, index)
    if (decided !== undefined) return decided
    if (again) return '1'
    const key = cellKey(name, filter.keyOf(value))
    const cell = this.cell(key)
    if (this.missing.size > 0) return '0'
    const judgement = filter.judge(cell, value, { seq, index, time: this.#options.time })
    if (judgement.cell !== undefined) this.cells.set(key, judgement.cell)
    if (judgement.confirms !== undefined)
      this.notes.push(noteOf(judgement.confirms.seq, name, judgement.confirms.index))
    if (judgement.replaces !== undefined) this.#replace(name, judgement.replaces)
    if (judgement.passes !== 'later') return judgement.passes ? '1' : '0'
    this.until = Math.min(this.until ?? Number.POSITIVE_INFINITY, judgement.until as number)
    return '?'
  }

  #replace(name: string, { seq, index }: { readonly seq: number; readonly index: number }): void {
    if (seq === this.#options.seq) this.#decisions.set(name, leavingOut(this.#decided(name), index))
    else this.replaced.push({ seq, name, index })
  }

  // Its time is up: it passes if nothing has taken its place, or if what did came later.
  #decideWaiting(filter: MemoryFilter, name: string, value: unknown, index: number): string {
    const { seq, confirmed } = this.#options
    if (confirmed?.has(noteOf(seq, name, index))) return '1'
    const key = cellKey(name, filter.keyOf(value))
    const cell = this.cell(key)
    const passed = this.missing.size > 0 ? undefined : filter.confirmed?.(cell, { seq, index })
    if (passed === undefined) return '0'
    this.cells.set(key, passed)
    return '1'
  }

  #collect(digest: Digest, value: unknown): void {
    const key = cellKey(this.#pipe.names.get(digest) ?? digest.code, digest.keyOf(value))
    if (this.collectedIn !== undefined && this.collectedIn !== key) {
      const words = `the values of one event must go into one batch, and per of ${quote(digest.code)} differs between them`
      throw new TidingsError('TIDINGS_LISTENER_INVALID', words, { details: { seq: this.#options.seq } })
    }
    this.collectedIn = key
    this.collected.push(value)
    if (this.#options.again !== true) this.cell(key)
  }
}
