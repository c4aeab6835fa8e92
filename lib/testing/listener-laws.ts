import type { Arbitrary } from 'fast-check'
import { defined } from '../core/defined.ts'
import type { StoredEvent } from '../core/event.ts'
import { checkOptions } from '../core/options.ts'
import { checkWorld, type World } from '../core/world.ts'
import type { Listener } from '../listener/listener.ts'
import { type CheckLaw, checkLaw, LAW_OPTIONS, type LawOptions } from './check-law.ts'
import { discreet, failing, heeding, twice } from './listener-law-effects.ts'
import { ListenerUnderTest } from './listener-under-test.ts'
import { freshListener } from './pipe-laws.ts'
import type { AnyArbitrary } from './watched-stream.ts'
import type { WorldCall } from './watched-world.ts'

/** Describes to the laws what a handler hears and changes, with the options of the search for a counterexample. */
export interface ListenerLawOptions<E> extends LawOptions {
  /** Generates events as the log hands them out. The laws give them new numbers and dates, in order. */
  readonly events: AnyArbitrary<E>
  /**
   * The services that the handler asks: `fetch`, `exec`, `secret`, `now`. A function is called for each case, for
   * services that remember. What is not given rejects, but for made-up secrets.
   */
  readonly world: Partial<World> | (() => Partial<World>)
  /**
   * Whether a call that is repeated changes nothing, as the service has it. Known without it: GET, HEAD, OPTIONS, PUT and
   * DELETE, and calls with the key of the delivery or an `Idempotency-Key`.
   */
  readonly repeatable?: (call: WorldCall) => boolean
  /** Returns what the handler changes besides, such as the content of its file; compared after each case. */
  readonly observe?: () => unknown
}

const laws: Readonly<Record<string, (subject: ListenerUnderTest, checkLaw: CheckLaw) => Promise<void>>> = {
  'an event that is handled twice counts once': twice,
  'a call that fails is made again, or the event is parked': failing,
  'it comes back when the service says so, and gives up when it is refused': heeding,
  'no secret is in its errors': discreet,
}

const KNOWN = { events: true, world: true, repeatable: true, observe: true, ...LAW_OPTIONS } as const

/**
 * Returns the laws of a listener's handler, by name. Each is a function that delivers generated events, in a world that it
 * watches and lets fail, and rejects with the smallest counterexample it can find. Nothing real is touched, unless the
 * handler reaches past its context. Filters with a memory pass everything.
 *
 * @throws TidingsError `TIDINGS_LISTENER_INVALID` for something other than a listener, or a function that returns one, for
 *   an unknown option, and for a world with unknown parts
 *
 * @example
 * ```ts
 * import { it } from 'node:test'
 * import fc from 'fast-check'
 * import { eventType, listener, on, Park, Retry } from 'tidings'
 * import { arbEvent, listenerLaws } from 'tidings/testing'
 *
 * const paid = eventType('paid').of<{ cents: number }>()
 * const book = listener('book', on(paid), async ({ data }, { fetch, key, signal }) => {
 *   const headers = { 'idempotency-key': key }
 *   const body = JSON.stringify(data)
 *   const { ok, status } = await fetch('https://books.example/rows', { method: 'POST', headers, body, signal })
 *   if (status === 429 || status >= 500) throw new Retry({ after: '5m' })
 *   if (!ok) throw new Park(`the books answered ${status}`)
 * })
 *
 * const events = arbEvent(paid, { data: fc.record({ cents: fc.nat() }) })
 * const world = { fetch: async () => new Response() }
 * for (const [name, law] of Object.entries(listenerLaws(book, { events, world, numRuns: 20 }))) it(name, law)
 * ```
 */
export function listenerLaws<E extends StoredEvent>(
  listener: Listener | (() => Listener),
  options: ListenerLawOptions<E>,
): Record<string, () => Promise<void>> {
  checkOptions(options, KNOWN, 'TIDINGS_LISTENER_INVALID', 'of listenerLaws()')
  const { events, world, repeatable = () => false, observe = () => undefined, ...effort } = options
  const fresh = freshListener(listener)
  const { name } = fresh()
  const open = (): Partial<World> => {
    const opened = typeof world === 'function' ? world() : world
    checkWorld(opened, 'TIDINGS_LISTENER_INVALID', 'of listenerLaws()')
    return defined(opened)
  }
  open()
  const named = Object.entries(laws).map(([law, run]) => {
    const one = async (): Promise<void> => {
      const outside = { world: open, repeatable, observe }
      const subject = new ListenerUnderTest(fresh, events as unknown as Arbitrary<StoredEvent>, outside)
      const title = `the handler of listener ${JSON.stringify(name)} breaks a law, "${law}":`
      await run(subject, (values, check) => checkLaw(title, values, check, effort))
      const { untested } = subject
      if (untested === undefined) return
      throw new Error(`listener ${JSON.stringify(name)}: the law "${law}" was not tested, since ${untested}`)
    }
    return [law, one] as const
  })
  return Object.fromEntries(named)
}
