import type { Arbitrary } from 'fast-check'
import type { Stream } from '../agent/define/stream.ts'
import { defined } from '../core/defined.ts'
import { quote, TidingsError } from '../core/errors.ts'
import { isEventType } from '../core/event-type.ts'
import { checkOptions } from '../core/options.ts'
import { type CheckLaw, checkLaw, LAW_OPTIONS, type LawOptions } from './check-law.ts'
import { survival } from './stream-law-data.ts'
import { distinctness, edits, independence, naming } from './stream-law-identifiers.ts'
import { failure, late, overlap, truthful } from './stream-law-polls.ts'
import { restarts, stops } from './stream-law-process.ts'
import { isEndless } from './stream-polls.ts'
import { StreamUnderTest } from './stream-under-test.ts'
import type { AnyArbitrary, Service } from './watched-stream.ts'

/** Describes a stream and its service to the laws, with the options of the search for a counterexample. */
export interface StreamLawOptions<O, W> extends Omit<Service<W>, 'wire'>, LawOptions {
  /** The options to call the stream with. */
  readonly options: O
  /** Generates items as the service sends them. */
  readonly wire: AnyArbitrary<W>
}

const STOPPED = 'a run that is stopped begins nothing more and leaves nothing running'

/** Not for a service that promises the order of arrival. */
const LATE = 'an item that arrives late is not lost'

const laws: Readonly<Record<string, <W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw) => Promise<void>>> = {
  'polls that overlap lose nothing and repeat nothing': overlap,
  [LATE]: late,
  'a poll that fails loses nothing': failure,
  'a poll that fails tells nothing wrong, and the next one catches up': truthful,
  'a restart in the middle of a poll loses nothing and repeats nothing': restarts,
  [STOPPED]: stops,
  'an identifier does not depend on the hour, the order or the page': independence,
  'an item that is edited keeps its identifier': edits,
  'an item that changes, leaves and returns keeps its name': naming,
  'distinct happenings never share an identifier': distinctness,
  'data survives the log': survival,
}

const KNOWN = {
  options: true,
  wire: true,
  truth: true,
  arrival: true,
  serve: true,
  push: true,
  ...LAW_OPTIONS,
} as const

/**
 * Returns the laws of a stream, by name. Each is a function that tries the stream on generated services, and rejects
 * with the smallest counterexample it can find: what was sent, what was told, and how to replay it. The laws touch
 * nothing real: the world is the one that `serve` gives, with a clock that moves over years, `Date` included.
 *
 * A stream that is pushed to, with a job that never ends (`always()`), also needs `push`. For it, a poll is a run of that
 * job until everything is sent, and a poll that fails is one during which the log rejects an event, before or after it
 * is stored.
 *
 * @throws TidingsError `TIDINGS_STREAM_INVALID` when the options don't fit, one is unknown, or a job never ends and there is no `push`
 *
 * @example
 * ```ts
 * import { it } from 'node:test'
 * import fc from 'fast-check'
 * import { defineStream, eventType, every, job } from 'tidings'
 * import { streamLaws } from 'tidings/testing'
 *
 * interface Item { id: number; title: string }
 * const shop = defineStream({
 *   name: 'shop',
 *   summary: 'New items in a shop.',
 *   events: { item: eventType('shop.item').of<Item>() },
 *   jobs: ({ url }: { url: string }, { item }) => [
 *     job('items', every('10m'), async ({ fetch }) => {
 *       const items = (await (await fetch(url)).json()) as Item[]
 *       return items.map((each) => item(String(each.id), each))
 *     }),
 *   ],
 * })
 *
 * const laws = streamLaws(shop, {
 *   options: { url: 'https://shop.example/items' },
 *   wire: fc.record({ id: fc.nat(), title: fc.string() }),
 *   truth: (sent) => String(sent.id),
 *   serve: (sent) => async () => Response.json(sent),
 *   numRuns: 20,
 * })
 * for (const [name, law] of Object.entries(laws)) it(name, law)
 * ```
 */
export function streamLaws<O, W>(
  stream: (options: O) => Stream,
  options: StreamLawOptions<NoInfer<O>, W>,
): Record<string, () => Promise<void>> {
  checkOptions(options, KNOWN, 'TIDINGS_STREAM_INVALID', 'of streamLaws()')
  const { options: use, wire, truth, arrival, serve, push, ...effort } = options
  if (arrival !== undefined)
    checkOptions(arrival, { by: true, promised: true }, 'TIDINGS_STREAM_INVALID', 'of arrival of streamLaws()')
  const start = (): Stream => stream(use)
  const { name, jobs } = start()
  const endless = jobs.find(isEndless)
  if (endless !== undefined && push === undefined) {
    const words = `job ${quote(endless.name)} never ends, and the laws of a stream are about jobs that poll`
    throw new TidingsError('TIDINGS_STREAM_INVALID', words, { details: { stream: name, job: endless.name } })
  }
  if (endless === undefined && push !== undefined) {
    const words = `push is for jobs that never end, and stream ${quote(name)} has none`
    throw new TidingsError('TIDINGS_STREAM_INVALID', words, { details: { stream: name } })
  }
  const types = Object.values(stream).filter(isEventType)
  const applying = Object.entries(laws).filter(([law]) => law !== LATE || arrival?.promised !== true)
  const named = applying.map(([law, run]) => {
    const one = async (): Promise<void> => {
      const subject = new StreamUnderTest(
        start,
        { wire: wire as Arbitrary<W>, truth, serve, ...defined({ push, arrival }) },
        types,
      )
      await run(subject, (values, check) => checkLaw(`stream ${name} breaks a law, "${law}":`, values, check, effort))
      // A run that is stopped may have told nothing yet.
      if (!subject.silent || law === STOPPED) return
      throw new Error(`stream ${name} published nothing, so the law "${law}" was not tested: see wire and serve`)
    }
    return [law, one] as const
  })
  return Object.fromEntries(named)
}
