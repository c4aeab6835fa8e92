/** What was refused, and somebody has seen to: that it was is no news. */
const seen = new WeakSet<Error>()

/**
 * A promise whose rejection somebody else sees to: nobody has to hear of it, whatever was chained to it. Errors that come
 * in on the way (thrown in a `then`) are as those of any promise.
 */
export class Answer<T> extends Promise<T> {
  /** `refused` sees to an error; `done` hears, before anybody else does, that there is an answer. */
  static to<T>(question: Promise<T>, refused: (error: unknown) => Error, done: () => void): Answer<T> {
    const answer = new Answer<T>((resolve, reject) => {
      question.then(resolve, (thrown: unknown) => {
        const error = refused(thrown)
        seen.add(error)
        reject(error)
      })
    })
    hear(answer, done)
    return answer
  }

  /** The same answer; once `over` has aborted, nobody has to hear of its rejection. */
  static until<T>(question: Promise<T>, over: AbortSignal): Answer<T> {
    const answer = new Answer<T>((resolve, reject) => {
      question.then(resolve, (error: unknown) => {
        if (over.aborted && error instanceof Error) {
          seen.add(error)
          hear(answer, () => undefined)
        }
        reject(error)
      })
    })
    return answer
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  override then<A = T, B = never>(
    resolved?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const next = super.then(resolved, rejected)
    super.then(undefined, (error: unknown) => {
      if (error instanceof Error && seen.has(error)) hear(next, () => undefined)
    })
    return next
  }
}

// Whatever hears it does: the rejection is no unhandled one.
function hear(promise: Promise<unknown>, listener: () => void): void {
  void Promise.prototype.then.call(promise, listener, listener)
}
