import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Stream } from '../agent/define/stream.ts'
import { defined } from '../core/defined.ts'
import type { Draft, StoredEvent } from '../core/event.ts'
import { memoryLog } from '../level/open-log.ts'
import { checkDraft } from '../log/check-draft.ts'
import type { Log } from '../log/port.ts'
import type { Accept } from './stream-polls.ts'
import { identity, type Service, WatchedStream } from './watched-stream.ts'

/** The time of the first poll, in ms since the epoch: two hours before midnight, so that later polls cross it. */
export const FIRST_POLL = Date.UTC(2026, 0, 1, 22)

/** What a freshly started stream published: its identities, each with its type, and the history. */
export interface PollResult {
  readonly identities: ReadonlyMap<string, string>
  readonly history: readonly string[]
}

/** A freshly started stream on an empty log. `accepted` has the events so far. */
export interface StreamOnLog<W> {
  readonly watch: WatchedStream<W>
  readonly log: Log
  readonly accepted: readonly StoredEvent[]
  /** Restarts the process: the stream is made again. */
  restart(): void
}

/** The stream under test, and its generated service. */
export class StreamUnderTest<W> {
  readonly service: Service<W>
  readonly types: readonly { readonly type: string; readonly schema?: StandardSchemaV1 }[]
  readonly #start: () => Stream
  #sent = 0
  #told = 0

  /** `types`: the event types of the stream, which its listeners subscribe to. */
  constructor(start: () => Stream, service: Service<W>, types: StreamUnderTest<W>['types']) {
    this.service = service
    this.types = types
    this.#start = start
  }

  /** Whether items were sent but nothing was published. */
  get silent(): boolean {
    return this.#sent > 0 && this.#told === 0
  }

  /** Returns what a freshly started stream publishes when the service shows these items. */
  async poll(shown: readonly W[], now = FIRST_POLL): Promise<PollResult> {
    const identities = new Map<string, string>()
    const watch = this.#watch(async (draft) => {
      const name = identity(checkDraft(draft))
      const status = identities.has(name) ? 'duplicate' : 'new'
      identities.set(name, draft.type)
      return { status, seq: identities.size }
    })
    await watch.poll(shown, now)
    return { identities, history: watch.history }
  }

  /** Like `poll`, for each item alone. */
  async pollEach(items: readonly W[], now = FIRST_POLL): Promise<ReadonlyMap<W, PollResult>> {
    const told = new Map<W, PollResult>()
    for (const item of items) told.set(item, await this.poll([item], now))
    return told
  }

  /** Runs `work` with the stream on a log in memory. */
  async onLog<T>(work: (logged: StreamOnLog<W>) => Promise<T>): Promise<T> {
    const log = await memoryLog()
    const accepted: StoredEvent[] = []
    const accept = async (draft: Draft) => {
      const [receipt] = await log.accept([draft])
      if (receipt === undefined) throw new Error('the log gave no answer')
      if (receipt.event !== undefined) accepted.push(receipt.event)
      return receipt
    }
    try {
      const watch = this.#watch(accept)
      return await work({ watch, log, accepted, restart: () => watch.restart(this.#start()) })
    } finally {
      await log.close()
    }
  }

  /**
   * The first of each happening, and those of them that are there at a first poll: the first `before`, in the order of
   * arrival if there is one.
   */
  begun(given: readonly W[], before: number): { readonly items: readonly W[]; readonly first: readonly W[] } {
    const items = this.distinct(given, (item) => item)
    const { arrival } = this.service
    if (arrival === undefined) return { items, first: items.slice(0, before) }
    const last = items.map(arrival.by).toSorted((a, b) => (a < b ? -1 : 1))[Math.min(before, items.length) - 1]
    return { items, first: last === undefined ? [] : items.filter((item) => arrival.by(item) <= last) }
  }

  /** Keeps the first value of each happening. */
  distinct<V>(values: readonly V[], itemOf: (value: V) => W): V[] {
    const truths = values.map((value) => this.service.truth(itemOf(value)))
    return values.filter((_, at) => truths[at] === undefined || truths.indexOf(truths[at]) === at)
  }

  #watch(accept: Accept): WatchedStream<W> {
    const serve = (shown: readonly W[]) => {
      this.#sent += shown.length
      return this.service.serve(shown)
    }
    const { push } = this.service
    return new WatchedStream(this.#start(), { serve, ...defined({ push }) }, (draft) => {
      this.#told += 1
      return accept(draft)
    })
  }
}
