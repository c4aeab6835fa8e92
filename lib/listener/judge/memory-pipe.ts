import { of, pipe } from 'rxjs'
import { TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { safeSubscribe } from '../../core/safe-subscribe.ts'
import { type Decider, type Digest, inSession, type MemoryFilter, memoryOf } from '../memory/memory-filter.ts'
import type { AnyOperator, Source } from '../on.ts'

/**
 * A pipe that has filters with a memory, cut in two:
 *
 * ```
 *   event ──→ head: up to the last operator with a memory ──→ values ──→ rest ──→ handler
 *             judged once, in order of seq                               for each attempt
 * ```
 */
export class MemoryPipe {
  /** The filters of the head, each with its name in the log: its code, numbered if several have the same. */
  readonly names: ReadonlyMap<MemoryFilter | Digest, string>
  /** The digest at its end; absent without one. */
  readonly digest: Digest | undefined
  /** Whether events may wait at one of the filters. */
  readonly waits: boolean
  /** The operators after the head, as one; absent without any. */
  readonly rest: AnyOperator | undefined
  readonly #head: AnyOperator
  readonly #match: Source['match']

  private constructor({ match, operators }: Source, last: number) {
    const all = pipe as (...operators: readonly AnyOperator[]) => AnyOperator
    const memories = operators.flatMap((operator) => memoryOf(operator) ?? [])
    this.names = new Map(memories.map((memory, i) => [memory, nameOf(memory, memories.slice(0, i))]))
    this.digest = memories.find((memory): memory is Digest => memory.kind === 'digest')
    this.waits = memories.some((memory) => memory.kind === 'digest' || memory.confirmed !== undefined)
    this.#head = all(...operators.slice(0, last + 1))
    this.rest = last + 1 === operators.length ? undefined : all(...operators.slice(last + 1))
    this.#match = match
  }

  /** The pipe of a source; undefined if none of its operators has a memory. */
  static of(source: Source): MemoryPipe | undefined {
    const last = source.operators.findLastIndex((operator) => memoryOf(operator) !== undefined)
    return last < 0 ? undefined : new MemoryPipe(source, last)
  }

  /**
   * Runs the head on one event, and returns the values that leave it.
   *
   * @throws TidingsError `TIDINGS_LISTENER_INVALID` if it has not completed when it returns; whatever an operator throws
   */
  run(event: StoredEvent, session: Decider): readonly unknown[] {
    if (this.#match !== undefined && !this.#match(event)) return []
    const values: unknown[] = []
    let end: { readonly error?: unknown } | undefined
    const subscription = inSession(session, () =>
      safeSubscribe(this.#head(of(event)), {
        next: (value) => values.push(value),
        error: (error) => (end = { error }),
        complete: () => (end = {}),
      }),
    )
    if (end === undefined) {
      subscription.unsubscribe()
      throw asynchronous([...this.names.values()].at(-1) as string)
    }
    if ('error' in end) throw (end as { readonly error: unknown }).error
    return values
  }
}

function nameOf(memory: MemoryFilter | Digest, before: readonly (MemoryFilter | Digest)[]): string {
  const same = before.filter(({ code }) => code === memory.code).length
  return same === 0 ? memory.code : `${memory.code} #${same + 1}`
}

function asynchronous(last: string): TidingsError {
  const words =
    `an operator before ${last} is asynchronous, so the order in which it would remember events is not theirs: ` +
    'move it behind, or its work into the handler'
  return new TidingsError('TIDINGS_LISTENER_INVALID', words, { details: { filter: last } })
}
