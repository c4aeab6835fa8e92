import type { Arbitrary } from 'fast-check'
import { describe, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { checkOptions } from '../core/options.ts'
import { isListener, type Listener } from '../listener/listener.ts'
import { type CheckLaw, checkLaw, LAW_OPTIONS, type LawOptions } from './check-law.ts'
import { fails, restarts } from './pipe-law-fates.ts'
import { reached } from './pipe-law-tests.ts'
import { together } from './pipe-law-together.ts'
import { PipeUnderTest } from './pipe-under-test.ts'
import type { AnyArbitrary } from './watched-stream.ts'

/** Describes the events that a pipe meets to the laws, with the options of the search for a counterexample. */
export interface PipeLawOptions<E> extends LawOptions {
  /** Generates events as the log hands them out. The laws give them new numbers and dates, in order. */
  readonly events: AnyArbitrary<E>
}

const laws: Readonly<Record<string, (subject: PipeUnderTest, checkLaw: CheckLaw, title: string) => Promise<void>>> = {
  'events one at a time give what they give together': together,
  'a restart between two events changes nothing': restarts,
  'an event that fits its type never makes it fail': fails,
  'each of its tests is true for some events and false for others': reached,
}

/**
 * Returns the laws of a listener's pipe, by name. Each is a function that runs the pipe over generated events, without the
 * handler, and rejects with the smallest counterexample it can find.
 *
 * Given a function that creates the listener, a restart calls it, so that variables inside of it are fresh. Operators that act, such as `tap`, do act.
 *
 * @throws TidingsError `TIDINGS_LISTENER_INVALID` for something other than a listener, or a function that returns one, and
 *   for an unknown option
 *
 * @example
 * ```ts
 * import { it } from 'node:test'
 * import fc from 'fast-check'
 * import { eventType, listener, on, where } from 'tidings'
 * import { gt } from 'tidings/filters'
 * import { arbEvent, pipeLaws } from 'tidings/testing'
 *
 * const order = eventType('order').of<{ cents: number }>()
 * const large = listener('large', on(order).pipe(where('data.cents', gt(1000))), (event) => console.log(event))
 *
 * const events = arbEvent(order, { data: fc.record({ cents: fc.nat(2000) }) })
 * for (const [name, law] of Object.entries(pipeLaws(large, { events }))) it(name, law)
 * ```
 */
export function pipeLaws<E extends StoredEvent>(
  listener: Listener | (() => Listener),
  options: PipeLawOptions<E>,
): Record<string, () => Promise<void>> {
  checkOptions(options, { events: true, ...LAW_OPTIONS }, 'TIDINGS_LISTENER_INVALID', 'of pipeLaws()')
  const { events, ...effort } = options
  const fresh = freshListener(listener)
  const { name } = fresh()
  const named = Object.entries(laws).map(([law, run]) => {
    const one = async (): Promise<void> => {
      const subject = new PipeUnderTest(fresh, events as unknown as Arbitrary<StoredEvent>)
      const title = `the pipe of listener ${JSON.stringify(name)} breaks a law, "${law}":`
      await run(subject, (values, check) => checkLaw(title, values, check, effort), title)
      if (subject.heard > 0) return
      throw new Error(`listener ${JSON.stringify(name)} heard no event, so the law "${law}" was not tested: see events`)
    }
    return [law, one] as const
  })
  return Object.fromEntries(named)
}

/** Returns a function that creates a listener, or returns the given one. */
export function freshListener(given: Listener | (() => Listener)): () => Listener {
  const fresh = (): Listener => (typeof given === 'function' ? given() : given)
  const first: unknown = fresh()
  if (isListener(first)) return fresh
  const words = `laws need a listener, or a function that returns one, got ${describe(first)}`
  throw new TidingsError('TIDINGS_LISTENER_INVALID', words)
}
