/** Runs async functions one at a time, in the order of the calls. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs a function after all earlier ones have settled, and settles as it does. */
  runExclusive<T>(act: () => Promise<T>): Promise<T> {
    const run = this.#last.then(act, act)
    this.#last = run
    return run
  }
}
