import type { Publish } from './context.ts'
import { asError, describe, TidingsError } from './errors.ts'
import type { Draft, Receipt } from './event.ts'
import { isEventType } from './event-type.ts'
import { quietRejection } from './reported-error.ts'

/**
 * Publishes for one run or delivery, which waits until every publish has its answer. It remembers rejected publishes, so
 * that the run fails even if its code catches the errors, and accepts nothing after its end.
 */
export class Publisher {
  readonly #offer: (draft: Draft) => Promise<Receipt>
  readonly #pending = new Set<Promise<unknown>>()
  readonly #saves = new Set<Promise<unknown>>()
  readonly #failures: Error[] = []
  #ended: string | undefined

  /** `offer` passes a draft to the log or to a subscriber. */
  constructor(offer: (draft: Draft) => Promise<Receipt>) {
    this.#offer = offer
  }

  /** Publishes as the `publish` of the context does. */
  readonly publish: Publish = (...given: readonly unknown[]) =>
    this.#track(this.#pending, PUBLISHED, async () => this.#offer(toDraft(given)))

  /** Publishes a draft that a run returned or emitted. */
  offer(draft: Draft): Promise<Receipt> {
    return this.#track(this.#pending, PUBLISHED, async () => this.#offer(draft))
  }

  /** Passes on the drafts that are held back; set by the run that holds them back (`first: { tell: n }`). */
  flush: () => Promise<void> = async () => undefined

  /**
   * Runs `commit` once every earlier publish has its answer and every earlier save is done. Rejects with the error of the
   * first rejected publish.
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

  /** The errors of the publishes and saves that were rejected so far. */
  get failures(): readonly Error[] {
    return this.#failures
  }

  /** The same as one error; undefined without failures. */
  get failure(): Error | undefined {
    if (this.#failures.length < 2) return this.#failures[0]
    return new AggregateError(this.#failures, this.#failures.map(({ message }) => message).join('; '))
  }

  /** The number of publishes without an answer. */
  get pending(): number {
    return this.#pending.size
  }

  /** Resolves when every publish has its answer, also those made meanwhile. */
  async answered(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }

  /** Resolves when every publish has its answer and every save is done. */
  async settle(): Promise<void> {
    while (this.#pending.size + this.#saves.size > 0) await Promise.allSettled([...this.#pending, ...this.#saves])
  }

  /** Accepts nothing more: a later publish or save rejects with `TIDINGS_RUN_ENDED`, whose message names `what` ended. */
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

/** Converts the arguments of `publish` to a draft. */
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
