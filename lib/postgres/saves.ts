import type { CancelTimer, Clock } from '../core/clock.ts'
import { hasCode, TidingsError } from '../core/errors.ts'
import type { PendingBatch, RecordChange, WriteSource } from '../log/consumer/consumer-store.ts'
import type { Write } from '../log/port.ts'
import { isRefused, isUndone } from './connection.ts'
import type { Session } from './session.ts'
import { stateColumns } from './state.ts'
import { toText } from './text.ts'
import type { WriteQueue } from './write-queue.ts'

/** How long a consumer's writes wait for those of others, in ms. */
const SOON = 50

/** Where the records of an event are, by kind. */
export const MARKS = { retry: 'r', parked: 'p', crashes: 'x' } as const

/** Beside a record of crashes: which agents had the event alone. Another agent counts those that have died. */
export const ALONE = 'l'

/** The agents that had a suspect alone. `before`: the deaths that were counted without a name. */
export interface Alone {
  readonly before: number
  readonly agents: readonly string[]
}

/** A consumer whose writes are saved. */
export interface Saver {
  /** Its name; undefined for one that stores nothing but state. */
  readonly name: string | undefined
  /** Which holding of the consumer this is: an earlier one is refused. */
  readonly epoch: number
  /** The number of its last save. */
  saved: number
  /** A suspect is handed out, or was settled. Returns who had it alone, with this agent. */
  alone(seq: number, isSuspect: boolean): Alone | undefined
  /** What to write; undefined before the first save. */
  readonly source: WriteSource | undefined
  /** Whether another agent may hold the consumer now. */
  readonly isLost: boolean
  /** Another agent holds the consumer now. */
  fenced(): void
}

/** A save whose answer was lost with its connection. */
interface Doubt {
  readonly number: number
  readonly source: WriteSource
}

/**
 * Sends the pending writes of consumers, one save a consumer, each a transaction of its own, at its turn among the writes
 * of the agent.
 *
 * Invariants
 * - Of one consumer, one save is on its way at a time, and `collect` is called when its turn has come.
 * - A save whose answer was lost is in doubt: nothing more is collected until the consumer is held again, and the number
 *   of the last save that was stored tells whether it was.
 * - What fails for one consumer fails for no other, unless the log is closed or not connected.
 */
export class Saves {
  readonly #session: Session
  readonly #queue: Pick<WriteQueue, 'inOrder'>
  readonly #clock: Clock
  readonly #waiting = new Set<Saver>()
  readonly #doubts = new WeakMap<Saver, Doubt>()
  #timer: CancelTimer | undefined

  constructor(session: Session, queue: Pick<WriteQueue, 'inOrder'>, clock: Clock) {
    this.#session = session
    this.#queue = queue
    this.#clock = clock
  }

  /** The next save collects from this consumer; `soon`: within 50 ms. */
  enlist(saver: Saver, soon: boolean): void {
    this.#waiting.add(saver)
    if (soon)
      this.#timer ??= this.#clock.timer(() => {
        this.#timer = undefined
        this.flush().catch(() => undefined)
      }, SOON)
  }

  /** Saves everything that waits; resolves when it is durable, with `own` when all of that is. */
  async flush(own?: Saver): Promise<void> {
    this.#timer?.()
    this.#timer = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    // Also waits for the saves that were sent before.
    const acts = [...waiting.map((saver) => () => this.#send(saver)), async () => this.#checkConnected()]
    const sent = await Promise.allSettled(acts.map((act) => this.#queue.inOrder(act)))
    for (const [i, each] of sent.entries()) {
      const saver = waiting[i]
      const isOwn = saver === undefined || own === undefined || saver === own
      if (each.status === 'rejected' && isOwn) throw each.reason
    }
  }

  /** Sends everything that waits, before what is asked next. */
  sendAll(): void {
    if (this.#waiting.size > 0) this.flush().catch(() => undefined)
  }

  /** Stores records at once. They survive the death of the process, and need not wait for the disk. */
  async note(saver: Saver, records: readonly RecordChange[]): Promise<void> {
    await this.#save(saver, { records, state: [] }, { isSynced: false, number: null })
  }

  /** The consumer is held again, and `saved` is the number of the last save that is stored. */
  resolve(saver: Saver, saved: number): void {
    saver.saved = Math.max(saver.saved, saved)
    const doubt = this.#doubts.get(saver)
    this.#doubts.delete(saver)
    doubt?.source.settled(doubt.number <= saved)
  }

  #checkConnected(): void {
    this.#session.checkOpen()
    if (this.#session.state !== 'ready')
      throw new TidingsError('TIDINGS_LOG_FAILED', 'the log is not connected to PostgreSQL now')
  }

  async #send(saver: Saver): Promise<void> {
    const { source } = saver
    // One that is lost has dropped what it had, also what is in doubt. Its signal has told those that depend on it.
    if (source === undefined || saver.isLost) return
    if (this.#doubts.has(saver) || this.#session.state !== 'ready') {
      this.#waiting.add(saver)
      this.#checkConnected()
      throw new TidingsError('TIDINGS_LOG_FAILED', 'what became of the last save is unknown')
    }
    const batch = source.collect()
    if (batch.records.length + batch.state.length === 0) return source.settled(true)
    saver.saved += 1
    const { saved: number } = saver
    try {
      await this.#save(saver, batch, { isSynced: true, number })
    } catch (error) {
      const isDoubtful = hasCode(error, 'TIDINGS_LOG_FAILED') && !isUndone(error)
      if (isDoubtful && batch.records.length > 0) this.#doubts.set(saver, { number, source })
      else source.settled(false)
      throw error
    }
    source.settled(true)
  }

  async #save(
    saver: Saver,
    { records, state }: PendingBatch,
    how: { readonly isSynced: boolean; readonly number: number | null },
  ): Promise<void> {
    const columns = columnsOf(records, (...change) => saver.alone(...change))
    const isOwn = records.length > 0
    const writes = state.map(([, text]) => JSON.parse(text as string) as Write)
    const name = isOwn && saver.name !== undefined ? toText(saver.name) : null
    const values = [how.isSynced, isOwn ? how.number : null, name, saver.epoch, ...columns, ...stateColumns(writes)]
    const marks = values.map((_, i) => `$${i + 1}`).join(', ')
    try {
      await this.#session.write(`SELECT ${this.#session.name('save_2')}(${marks})`, values)
    } catch (error) {
      if (!isRefused(error, 'fenced')) throw error
      saver.fenced()
      throw new TidingsError('TIDINGS_LOG_CLOSED', 'another agent handles this listener now', { cause: error })
    }
  }
}

function columnsOf(records: readonly RecordChange[], alone: Saver['alone']): readonly unknown[] {
  let [cursor, flight]: (string | null)[] = [null, null]
  const marks: (readonly [kind: string, seq: number, body: string | null])[] = []
  for (const change of records) {
    const body = change.record === undefined ? null : toText(JSON.stringify(change.record))
    if (change.kind === 'cursor') cursor = body
    else if (change.kind === 'inFlight') flight = body ?? ''
    else marks.push([MARKS[change.kind], change.seq, body])
    if (change.kind !== 'crashes') continue
    const agents = alone(change.seq, change.record !== undefined)
    marks.push([ALONE, change.seq, agents === undefined ? null : JSON.stringify(agents)])
  }
  return [cursor, flight, marks.map(([kind]) => kind), marks.map(([, seq]) => seq), marks.map(([, , body]) => body)]
}
