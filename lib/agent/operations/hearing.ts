import type { StoredEvent } from '../../core/event.ts'
import { memoryNamespace } from '../../dispatch/memory-gate.ts'
import { JUDGED, type Judged, type Kept, verdictKey } from '../../listener/judge/kept.ts'
import type { Consumer, ConsumerInfo, KeyValue, Log, Writes } from '../../log/port.ts'
import { replayNamespace } from '../run/rename-listener.ts'
import { ToldSeqs } from './told-seqs.ts'

/** What a listener knows of an event: see `ReplayRow`. */
export type HearingState = 'skipped' | 'untold' | 'parked' | 'coming' | 'heard' | 'perhaps'

/**
 * What a listener has heard of the log, as far as the log knows.
 *
 * ```
 *      ├── skipped ──┤├─ heard ─┤├─ skipped ─┤├── heard ──┤cursor ├── coming ───→
 *      before its start          moved on      acked, dropped, of another type
 * ```
 *
 * Between them are events that are parked, wait for a retry, or were stored untold. A replay is noted in the commit that
 * hands the event to the listener: from then on it counts as heard.
 */
export class Hearing {
  /** The seqs of the parked events, lowest first. */
  readonly parked: readonly number[]
  readonly #info: ConsumerInfo
  readonly #retrying: ReadonlySet<number>
  readonly #isParked: ReadonlySet<number>
  readonly #isUntold: (seq: number) => Promise<boolean>
  readonly #told: ToldSeqs
  readonly #memory: KeyValue
  readonly #judged: Judged | undefined

  private constructor(
    log: Log,
    info: ConsumerInfo,
    { parked, retrying, judged }: { parked: number[]; retrying: ReadonlySet<number>; judged: Judged | undefined },
    isUntold: (seq: number) => Promise<boolean>,
  ) {
    const { name } = info
    this.parked = parked
    this.#info = info
    this.#retrying = retrying
    this.#isParked = new Set(parked)
    this.#isUntold = isUntold
    this.#told = new ToldSeqs(replayNamespace(name), log.store(replayNamespace(name)))
    this.#memory = log.store(memoryNamespace(name))
    this.#judged = judged
  }

  /** Reads what is known. `isUntold`: whether an event was stored without telling listeners. */
  static async of(
    log: Log,
    info: ConsumerInfo,
    consumer: Consumer,
    isUntold: (seq: number) => Promise<boolean> = (seq) => isStoredUntold(log, seq),
  ): Promise<Hearing> {
    const parked: number[] = []
    for await (const { event } of consumer.parked()) parked.push(event.seq)
    const retrying = new Set<number>()
    for await (const { event } of consumer.retrying()) retrying.add(event.seq)
    const judged = (await log.store(memoryNamespace(info.name)).get(JUDGED))?.value as Judged | undefined
    return new Hearing(log, info, { parked, retrying, judged }, isUntold)
  }

  async stateOf({ seq, created }: StoredEvent): Promise<HearingState> {
    const { cursor, passed, created: opened } = this.#info
    if (this.#isParked.has(seq)) return 'parked'
    if (this.#retrying.has(seq) || seq > cursor) return 'coming'
    const isSkipped = passed?.some(([first, last]) => first <= seq && seq <= last) === true
    const isUntold = !isSkipped && (await this.#isUntold(seq))
    if (isSkipped || isUntold) return (await this.#told.has(seq)) ? 'heard' : isSkipped ? 'skipped' : 'untold'
    return passed === undefined && created < opened && !(await this.#told.has(seq)) ? 'perhaps' : 'heard'
  }

  /** For a listener whose filters remember: whether the verdict on an event keeps it from the handler. */
  async isFiltered(seq: number): Promise<boolean | undefined> {
    if (this.#judged === undefined) return undefined
    const { first, last } = this.#judged
    if (seq < first || seq > last) return false
    const kept = (await this.#memory.get(verdictKey(seq)))?.value as Kept | undefined
    return kept === undefined || kept.member === true
  }

  /** The writes that note that a replay tells these events. */
  telling(seqs: readonly number[]): Promise<Writes> {
    return this.#told.adding(seqs)
  }
}

/** Whether a replay owes an event in this state to the listener. */
export function isOwed(state: HearingState): boolean {
  return state === 'skipped' || state === 'untold' || state === 'parked'
}

async function isStoredUntold(log: Log, seq: number): Promise<boolean> {
  return (await log.stored(seq))?.told === false
}

/** Tells of ascending seqs whether they were stored untold: reads the log along, once. */
export function untoldAlong(log: Log, after: number): (seq: number) => Promise<boolean> {
  let untold: AsyncIterator<StoredEvent> | undefined
  let next: StoredEvent | undefined
  return async (seq) => {
    untold ??= log.events({ told: false, after })[Symbol.asyncIterator]()
    while (next === undefined || next.seq < seq) {
      const read: IteratorResult<StoredEvent, unknown> = await untold.next()
      next = read.done === true ? END : read.value
    }
    return next.seq === seq
  }
}

// Behind every event.
const END = { seq: Number.POSITIVE_INFINITY } as StoredEvent
