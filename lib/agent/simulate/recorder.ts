import type { Clock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { asError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Logger } from '../../core/logger.ts'
import type { TimelineCall, TimelineDelivery, TimelineEntry, TimelineRun } from './timeline-entries.ts'

/** A call of a handler that is under way. */
export interface WatchedDelivery {
  ended(status: 'handled' | 'failed', error?: string): void
}

/** Collects what happens in a simulation. */
export class Recorder {
  readonly entries: TimelineEntry[] = []
  readonly #clock: Pick<Clock, 'now'>
  #last = 0
  #over = false

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  mark(kind: 'start' | 'fault', words: string): void {
    this.#add({ kind, at: this.#clock.now(), words })
  }

  call(call: Omit<TimelineCall, 'at'>): TimelineCall {
    return this.#add({ ...call, at: this.#clock.now() })
  }

  delivery(delivery: Pick<TimelineDelivery, 'listener' | 'seq' | 'attempt'>): WatchedDelivery {
    const entry: TimelineDelivery = this.#add({
      kind: 'delivery',
      at: this.#clock.now(),
      ...delivery,
      status: 'cut off',
    })
    return { ended: (status, error) => void Object.assign(entry, { status, ...defined({ error }) }) }
  }

  /** Records nothing more. */
  end(): void {
    this.#over = true
  }

  /** The highest seq of a recorded event. */
  get last(): number {
    return this.#last
  }

  event({ seq, type, identifier, revision, data, job, cause, created }: StoredEvent): void {
    if (seq <= this.#last) return
    this.#last = seq
    const rest = defined({ revision, job, cause })
    this.#add({ kind: 'event', at: created, seq, type, identifier, data: data as JsonValue, ...rest })
  }

  /** The logger of one life of the agent: its lines say how runs and deliveries end. `isAlive`: whether they count. */
  logger(isAlive: () => boolean): Logger {
    const runs = new Map<string, TimelineRun>()
    const failed = new Map<string, { readonly attempt: number; readonly error: string }>()
    const seen: Readonly<Record<string, (fields: Line) => void>> = {
      'running job': ({ job = '', slot }) => {
        const at = this.#clock.now()
        const counts = { new: 0, changed: 0, duplicate: 0 }
        const run: TimelineRun = { kind: 'run', at, job, slot: slot?.getTime() ?? at, status: 'cut off', ...counts }
        runs.set(job, this.#add(run))
      },
      'job done': ({ job = '', new: fresh = 0, changed = 0, duplicate = 0 }) => {
        const run = runs.get(job)
        if (run !== undefined) Object.assign(run, { status: 'done', new: fresh, changed, duplicate })
      },
      'job failed': ({ job = '', err }) => {
        const run = runs.get(job)
        if (run !== undefined) Object.assign(run, { status: 'failed', error: asError(err).message })
      },
      'run replaced': ({ job = '' }) => {
        const run = runs.get(job)
        if (run !== undefined) run.status = 'replaced'
      },
      'listener failed': ({ listener = '', seq = 0, attempt = 1, err }) => {
        if (seq > 0) this.#failed(failed, { listener, seq, attempt, error: asError(err).message })
      },
      'event parked': ({ listener = '', seq = 0 }) => this.#parked(failed, listener, seq),
    }
    const log = (fields: Line, words: string): void => {
      if (!this.#over && isAlive() && Object.hasOwn(seen, words)) seen[words]?.(fields)
    }
    return { debug: () => undefined, info: log, warn: () => undefined, error: log }
  }

  #failed(
    failed: Map<string, { readonly attempt: number; readonly error: string }>,
    { listener, seq, ...how }: { listener: string; seq: number; attempt: number; error: string },
  ): void {
    failed.set(`${listener} ${seq}`, how)
    this.#add({ kind: 'retry', at: this.#clock.now(), listener, seq, ...how })
  }

  // The line before said why, as if it would be tried again.
  #parked(
    failed: Map<string, { readonly attempt: number; readonly error: string }>,
    listener: string,
    seq: number,
  ): void {
    const how = failed.get(`${listener} ${seq}`)
    const at = this.entries.findLastIndex(
      (entry) => entry.kind === 'retry' && entry.listener === listener && entry.seq === seq,
    )
    if (how !== undefined && at >= 0) this.entries.splice(at, 1)
    const { attempt, error } = how ?? { attempt: 0, error: 'the process died repeatedly while it was handled' }
    this.#add({ kind: 'parked', at: this.#clock.now(), listener, seq, attempt, error })
  }

  #add<E extends TimelineEntry>(entry: E): E {
    if (!this.#over) this.entries.push(entry)
    return entry
  }
}

interface Line {
  readonly job?: string
  readonly slot?: Date
  readonly new?: number
  readonly changed?: number
  readonly duplicate?: number
  readonly listener?: string
  readonly seq?: number
  readonly attempt?: number
  readonly err?: unknown
}
