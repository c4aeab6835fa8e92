import type { Publish } from './context.ts'
import { asError, describe, TidingsError } from './errors.ts'
import type { Draft, Receipt } from './event.ts'
import { isEventType } from './event-type.ts'
import { quietRejection } from './reported-error.ts'

/**
 * The publishing side of one run or delivery. It remembers what was refused, so that nobody can swallow it; it is
 * waited for; and once it has ended, it takes nothing more.
 */
export class Publisher {
  readonly #offer: (draft: Draft) => Promise<Receipt>
  readonly #pending = new Set<Promise<unknown>>()
  readonly #saves = new Set<Promise<unknown>>()
  readonly #failures: Error[] = []
  #ended: string | undefined

  /** `offer` hands a draft on, to the log or to a subscriber. */
  constructor(offer: (draft: Draft) => Promise<Receipt>) {
    this.#offer = offer
  }

  readonly publish: Publish = (...given: readonly unknown[]) =>
    this.#track(this.#pending, PUBLISHED, async () => this.#offer(toDraft(given)))

  /** Offers a draft that was made elsewhere: returned by a run, or emitted. */
  offer(draft: Draft): Promise<Receipt> {
    return this.#track(this.#pending, PUBLISHED, async () => this.#offer(draft))
  }

  /** Offers what was handed over before, and still waits to be: set by whoever holds drafts back. */
  flush: () => Promise<void> = async () => undefined

  /**
   * Does `commit` once everything that was published before has its answer, and every save before is done. Rejects with
   * the first publish that was refused.
   */
  save(commit: () => Promise<void>): Promise<void> {
    const earlier = [...this.#saves]
    return this.#track(this.#saves, SAVED, async () => {
      await this.flush()
      await Promise.allSettled([...this.#pending, ...earlier])
      if (this.#failures[0] !== undefined) throw this.#failures[0]
      if (this.#ended !== undefined) throw ended(SAVED, this.#ended)
      await commit()
    })
  }

  /** What was refused so far. */
  get failures(): readonly Error[] {
    return this.#failures
  }

  /** What was refused so far, as one error; undefined: nothing. */
  get failure(): Error | undefined {
    if (this.#failures.length < 2) return this.#failures[0]
    return new AggregateError(this.#failures, this.#failures.map(({ message }) => message).join('; '))
  }

  /** How many publishes have no answer yet. */
  get pending(): number {
    return this.#pending.size
  }

  /** Resolves when every publish has its answer, those included that were made meanwhile. */
  async answered(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }

  /** Resolves when every publish has its answer, and every save is done. */
  async settle(): Promise<void> {
    while (this.#pending.size + this.#saves.size > 0) await Promise.allSettled([...this.#pending, ...this.#saves])
  }

  /** Takes nothing more; a later publish or save rejects with `TIDINGS_RUN_ENDED`, saying `what` had ended. */
  end(what: string): void {
    this.#ended = what
  }

  #track<T>(pending: Set<Promise<unknown>>, what: string, work: () => Promise<T>): Promise<T> {
    // Every rejection is among the failures, which fail the run.
    const answer = quietRejection(this.#answer(what, work), () => true)
    pending.add(answer)
    const remove = (): void => void pending.delete(answer)
    answer.then(remove, remove)
    return answer
  }

  async #answer<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      if (this.#ended !== undefined) throw ended(what, this.#ended)
      return await work()
    } catch (thrown) {
      const error = asError(thrown)
      this.#failures.push(error)
      throw error
    }
  }
}

/** What `publish` was given, as a draft. */
export function toDraft(given: readonly unknown[]): Draft {
  const [type, identifier, data] = given
  if (isEventType(type)) return type(identifier as string, data) as Draft
  if (typeof type === 'string') return { type, identifier: identifier as string, data }
  if (given.length === 1 && typeof type === 'object' && type !== null && 'identifier' in type) return type as Draft
  throw new TidingsError(
    'TIDINGS_TYPE_INVALID',
    `publish() needs an event type or the name of one, or a draft alone, got ${describe(type)}`,
  )
}

const PUBLISHED = 'published'
const SAVED = 'state saved'

function ended(what: string, after: string): TidingsError {
  const advice = what === SAVED ? 'await state.save()' : 'await what you publish'
  return new TidingsError('TIDINGS_RUN_ENDED', `${what} after ${after} had ended: ${advice}`)
}
