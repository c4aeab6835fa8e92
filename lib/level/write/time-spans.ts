import type { StoredEvent } from '../../core/event.ts'
import { keys } from '../format/keys.ts'
import { encode } from '../format/records.ts'
import { blockOf, firstIn, lastIn, NO_TIME, type TimeSpan, withTime } from '../format/time-blocks.ts'
import type { CommitParticipant, Op } from './commit.ts'

/** Follows new events, and returns the record of each block that they fill, for the commit with its last event. */
export class FilledBlocks {
  #span: TimeSpan = NO_TIME
  // The next event of the block; a block that began before this process is measured when a query needs it.
  #next = 0

  add({ seq, created }: Pick<StoredEvent, 'seq' | 'created'>): Op | undefined {
    const block = blockOf(seq)
    if (seq === firstIn(block)) this.#span = NO_TIME
    else if (seq !== this.#next) return undefined
    this.#next = seq + 1
    this.#span = withTime(this.#span, created)
    return seq === lastIn(block) ? spanRecord(block, this.#span) : undefined
  }
}

/** Keeps the spans that queries measured, and writes them with the next commit, or when the log is closed. */
export class MeasuredSpans implements CommitParticipant {
  readonly #enlist: (participant: CommitParticipant) => void
  readonly #waiting = new Map<number, TimeSpan>()
  #collected: readonly number[] = []

  constructor(enlist: (participant: CommitParticipant) => void) {
    this.#enlist = enlist
  }

  get(block: number): TimeSpan | undefined {
    return this.#waiting.get(block)
  }

  add(block: number, span: TimeSpan): void {
    this.#waiting.set(block, span)
    this.#enlist(this)
  }

  collect(): readonly Op[] {
    this.#collected = [...this.#waiting.keys()]
    return Array.from(this.#waiting, ([block, span]) => spanRecord(block, span))
  }

  settled(durable: boolean): void {
    if (durable) for (const block of this.#collected) this.#waiting.delete(block)
    this.#collected = []
  }
}

function spanRecord(block: number, span: TimeSpan): Op {
  const key = keys.times(block)
  return [key, encode(key, span)]
}
