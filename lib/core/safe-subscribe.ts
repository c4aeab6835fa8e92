import { type Observable, type Observer, Subscriber, type Unsubscribable } from 'rxjs'

/**
 * Subscribes to an Observable of user code. Everything that it throws (on subscribing, in an operator, in its teardown),
 * and everything that `observer.next` throws, reaches `observer.error` and never the process. A teardown runs before
 * `observer.complete`, so that an error in it counts. After an unsubscribe, an error of the teardown is dropped.
 */
export function safeSubscribe<T>(values: Observable<T>, observer: Observer<T>): Unsubscribable {
  const subscriber = new SafeSubscriber(observer)
  try {
    values.subscribe(subscriber)
  } catch (error) {
    subscriber.fail(error)
  }
  subscriber.subscribed()
  return subscriber
}

class SafeSubscriber<T> extends Subscriber<T> {
  readonly #observer: Observer<T>
  // A source may end before `subscribe` returns; only after that its teardown is known and can run.
  #subscribing = true
  #end: (() => void) | undefined

  constructor(observer: Observer<T>) {
    super()
    this.#observer = observer
  }

  override next(value: T): void {
    if (this.isStopped) return
    try {
      this.#observer.next(value)
    } catch (error) {
      this.error(error)
    }
  }

  override error(error: unknown): void {
    if (this.isStopped) return
    this.#tearDown()
    this.#finish(() => this.#observer.error(error))
  }

  override complete(): void {
    if (this.isStopped) return
    const failure = this.#tearDown()
    this.#finish(() => (failure === undefined ? this.#observer.complete() : this.#observer.error(failure.thrown)))
  }

  override unsubscribe(): void {
    this.#tearDown()
  }

  /** Handles an error of `subscribe` itself; after a complete, the teardown threw it. */
  fail(error: unknown): void {
    if (this.#end === undefined) return this.error(error)
    this.#end = () => this.#observer.error(error)
  }

  /** Called once `subscribe` has returned. */
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
