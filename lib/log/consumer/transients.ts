import type { LogConsumer } from './log-consumer.ts'

/**
 * The transient consumers of a log. They coexist with the durable one of the same name, and do not affect it. They are
 * never closed: a weak reference lets an unused one be collected.
 */
export class Transients {
  readonly #all = new Set<WeakRef<LogConsumer>>()

  add(consumer: LogConsumer): LogConsumer {
    this.#all.add(new WeakRef(consumer))
    return consumer
  }

  *[Symbol.iterator](): Generator<LogConsumer> {
    for (const each of this.#all) {
      const consumer = each.deref()
      if (consumer === undefined) this.#all.delete(each)
      else yield consumer
    }
  }
}
