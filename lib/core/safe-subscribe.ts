import { type Observable, type Observer, Subscriber, type Unsubscribable } from 'rxjs'

/**
 * Subscribes to an Observable of the user's, whatever it does. Everything it throws (when it is subscribed, when it is
 * torn down, in an operator) and everything `heard.next` throws reaches `heard.error`, and never the process. A teardown
 * runs before `heard.complete`, so one that throws is an error as well. After an unsubscribe, what the teardown throws
 * has nobody left to hear it.
 */
export function safeSubscribe<T>(values: Observable<T>, heard: Observer<T>): Unsubscribable {
  const subscriber = new SafeSubscriber(heard)
  try {
    values.subscribe(subscriber)
  } catch (error) {
    subscriber.fail(error)
  }
  subscriber.subscribed()
  return subscriber
}

class SafeSubscriber<T> extends Subscriber<T> {
  readonly #heard: Observer<T>
  // A source may end before `subscribe` has returned: only then is its teardown known, and run.
  #subscribing = true
  #end: (() => void) | undefined

  constructor(heard: Observer<T>) {
    super()
    this.#heard = heard
  }

  override next(value: T): void {
    if (this.isStopped) return
    try {
      this.#heard.next(value)
    } catch (error) {
      this.error(error)
    }
  }

  override error(error: unknown): void {
    if (this.isStopped) return
    this.#tearDown()
    this.#finish(() => this.#heard.error(error))
  }

  override complete(): void {
    if (this.isStopped) return
    const failure = this.#tearDown()
    this.#finish(() => (failure === undefined ? this.#heard.complete() : this.#heard.error(failure.thrown)))
  }

  override unsubscribe(): void {
    this.#tearDown()
  }

  /** `subscribe` itself threw: after a complete, that was the teardown. */
  fail(error: unknown): void {
    if (this.#end === undefined) return this.error(error)
    this.#end = () => this.#heard.error(error)
  }

  subscribed(): void {
    this.#subscribing = false
    this.#end?.()
  }

  #finish(end: () => void): void {
    if (this.#subscribing) this.#end = end
    else end()
  }

  #tearDown(): { readonly thrown: unknown } | undefined {
    try {
      super.unsubscribe()
      return undefined
    } catch (thrown) {
      return { thrown }
    }
  }
}
