import { defer, filter, type OperatorFunction } from 'rxjs'
import { TidingsError } from '../../core/errors.ts'
import { hash } from '../../core/hash.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Path } from '../../filter/path.ts'
import { read, steps } from '../../filter/path.ts'
import { code, describe } from '../../filter/print.ts'

/**
 * Which memory a value belongs to: a path into it, or a function of it. Values with the same key share one memory; those
 * without a value at the path share one too.
 */
export type Per<V> = Path<V> | ((value: V) => string)

/** When a value reached a filter: the event it came from, and its number among the event's values at this filter. */
export interface Moment {
  readonly seq: number
  readonly index: number
  /** When the event was created, in ms since the epoch. */
  readonly time: number
}

/** What a filter decides about one value. */
export interface Judgement {
  /** Whether the value passes; `'later'`: decided at `until`, unless another value decides it first. */
  readonly passes: boolean | 'later'
  /** When the value passes if nothing else has decided it, in ms since the epoch; for `'later'`. */
  readonly until?: number
  /** What the key's memory becomes; absent: it stays. */
  readonly cell?: JsonValue
  /** The earlier value that waited and passes now. */
  readonly confirms?: Omit<Moment, 'time'>
  /** The earlier value that waited and never passes, because this one has taken its place. */
  readonly replaces?: Omit<Moment, 'time'>
}

/** A filter with a memory: a pure function from what it remembers and a value to a verdict and what it then remembers. */
export interface MemoryFilter {
  readonly kind: 'filter'
  /** The code that made it, such as `changed('data.state')`: its name in the log. */
  readonly code: string
  /** The key of a value, at most 256 characters. */
  keyOf(value: unknown): string
  /** Decides about a value. `cell`: what it remembers of the key. */
  judge(cell: JsonValue | undefined, value: unknown, at: Moment): Judgement
  /** The memory of a key whose waiting value has passed because its time was up. */
  confirmed?(cell: JsonValue | undefined, at: Omit<Moment, 'time'>): JsonValue | undefined
  /** When the memory of a key no longer matters, in ms since the epoch; default never. */
  expires?(cell: JsonValue): number
}

/** What becomes of an event that a digest collects. */
export interface Collected {
  /** The seqs of the batch that this event completes. */
  readonly closes?: readonly number[]
  /** Set when the event begins a batch: when that is over, in ms since the epoch. */
  readonly until?: number
  /** An older batch that was over before this event: its first event hands it out. */
  readonly over?: readonly number[]
  /** What the key's memory becomes; null: nothing. */
  readonly cell: JsonValue
}

/** Collects events into batches. The last operator of a pipe. */
export interface Digest {
  readonly kind: 'digest'
  readonly code: string
  keyOf(value: unknown): string
  /** Adds an event to the batch of its key. */
  collect(cell: JsonValue | undefined, at: Omit<Moment, 'index'>): Collected
  /** The batch that `first` began, if it is still open. */
  batch(cell: JsonValue | undefined, first: number): readonly number[] | undefined
}

/** What an operator with a memory asks about each value: the session of the event that its pipe runs for. */
export interface Decider {
  /** Whether a value passes. A digest lets nothing pass: it collects. */
  decides(memory: MemoryFilter | Digest, value: unknown): boolean
}

const MEMORY = Symbol.for('tidings.memory')
const SESSION = Symbol.for('tidings.memory.session')

// On the global object, by a registered symbol: a pipe may be made by another copy of the package than the one that runs
// it (see `brand`).
const shared = globalThis as { [SESSION]?: Decider | undefined }

/** Runs `work`, whose subscriptions to operators with a memory ask this session. */
export function inSession<T>(session: Decider, work: () => T): T {
  const outer = shared[SESSION]
  shared[SESSION] = session
  try {
    return work()
  } finally {
    shared[SESSION] = outer
  }
}

/** The operator of a filter with a memory. Outside the pipe of a listener, it remembers as long as its subscription. */
export function remembering<V, R = V>(memory: MemoryFilter | Digest): OperatorFunction<V, R> {
  const operator = (source: Parameters<OperatorFunction<unknown, unknown>>[0]) =>
    defer(() => {
      const session = shared[SESSION] ?? new Alone()
      return source.pipe(filter((value) => session.decides(memory, value)))
    })
  return Object.assign(operator, { [MEMORY]: memory, toString: () => memory.code }) as unknown as OperatorFunction<V, R>
}

/** The memory of an operator; undefined for an operator without one. */
export function memoryOf(operator: object): MemoryFilter | Digest | undefined {
  return (operator as { readonly [MEMORY]?: MemoryFilter | Digest })[MEMORY]
}

/** The memory of one subscription. The values are events, or at least have the time at which they were created. */
class Alone implements Decider {
  readonly #cells = new Map<string, JsonValue | undefined>()
  #seq = 0

  decides(memory: MemoryFilter | Digest, value: unknown): boolean {
    const { created } = Object(value) as { readonly created?: unknown }
    const key = memory.keyOf(value)
    const at = { seq: ++this.#seq, index: 0, time: typeof created === 'number' ? created : Number.NaN }
    const judged = memory.kind === 'filter' ? memory.judge(this.#cells.get(key), value, at) : undefined
    if (judged === undefined || judged.passes === 'later') {
      const words = `${memory.code} waits, and only the pipe of a listener can wait durably: use it in on(…).pipe(…)`
      throw new TidingsError('TIDINGS_SOURCE_INVALID', words)
    }
    if (judged.cell !== undefined) this.#cells.set(key, judged.cell)
    return judged.passes
  }
}

/** How a filter reads values, from a path or a function. */
export function reader(who: string, given: unknown, expected: string): (value: unknown) => unknown {
  if (typeof given === 'function') return given as (value: unknown) => unknown
  if (typeof given !== 'string') throw new TypeError(`${who} expects ${expected}, and got ${describe(given)}`)
  const keys = steps(who, given)
  return (value) => read(value, keys)
}

/** How a filter finds the key of a value. Without `per`, all values have the same. */
export function keyBy(who: string, per: unknown): (value: unknown) => string {
  if (per === undefined) return () => ''
  const find = reader(who, per, "per to be a path such as 'data.id', or a function")
  return (value) => fingerprint(find(value)) ?? ''
}

/** The longest text that is kept as it is, in characters. */
const LONGEST = 200

/** A short text that is equal for equal JSON, in whatever order its keys are; undefined for undefined. */
export function fingerprint(value: unknown): string | undefined {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  ) as string | undefined
  return text === undefined || text.length <= LONGEST ? text : `sha256:${hash(text).toString('base64url')}`
}

/** The code that made a filter. Options that are undefined are left out. */
export function codeOf(
  name: string,
  operands: readonly unknown[],
  options: Readonly<Record<string, unknown>> = {},
): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const all = given.length === 0 ? operands : [...operands, Object.fromEntries(given)]
  return `${name}(${all.map(code).join(', ')})`
}

/** Rejects options that the filter does not have. */
export function onlyOptions(who: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${who} expects options, and got ${describe(options)}`)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`${who} has no option ${code(unknown)}: it has ${known.join(', ')}`)
}

/** The time of a moment. @throws TidingsError `TIDINGS_SOURCE_INVALID` for a value that has none */
export function timeOf({ time }: Moment, who: string): number {
  if (!Number.isNaN(time)) return time
  const words = `${who} needs events: it reads the time at which each was created`
  throw new TidingsError('TIDINGS_SOURCE_INVALID', words)
}
