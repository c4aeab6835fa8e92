/** Errors that their run or delivery reports as its own failure. */
const reported = new WeakSet<Error>()

/**
 * Returns a promise that settles like this one. An error for which `isReported` returns true raises no
 * `unhandledRejection`, neither by this promise nor by one that is chained to it: the run or delivery fails with that
 * error in any case, and must not end the process as well because user code forgot an `await`.
 *
 * ```
 * publish('x', …)                    rejects with a reported error       quiet
 *   .then(() => 'next')              rejects with the same error         quiet
 *
 * publish('y', …)                    resolves
 *   .then(() => { throw mine })      rejects with an error of its own    unhandled, as for any promise
 * ```
 */
export function quietRejection<T>(promise: Promise<T>, isReported: (error: Error) => boolean): Promise<T> {
  const quiet: Promise<T> = promise.catch((error: unknown) => {
    if (error instanceof Error && isReported(error)) {
      reported.add(error)
      handle(quiet)
    }
    throw error
  })
  return quietChain(quiet)
}

// Gives one promise a `then` of its own, which `catch` and `finally` call as well. `await` reacts to the promise itself.
function quietChain<T>(promise: Promise<T>): Promise<T> {
  const react = promise.then.bind(promise)
  const then: Promise<T>['then'] = (resolved, rejected) => {
    const next = quietChain(react(resolved, rejected))
    void react(undefined, (error: unknown) => {
      if (error instanceof Error && reported.has(error)) handle(next)
    })
    return next
  }
  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  return Object.assign(promise, { then })
}

// A promise with a handler, whatever it does, is handled.
function handle(promise: Promise<unknown>): void {
  void promise.catch(() => undefined)
}
