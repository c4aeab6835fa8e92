import type { Arbitrary } from 'fast-check'
import { defined } from '../core/defined.ts'
import { checkOptions } from '../core/options.ts'
import { fc } from './fast-check.ts'
import { nearby } from './nearby.ts'
import type { PollFault } from './stream-world.ts'
import type { AnyArbitrary } from './watched-stream.ts'

/** What a service returns at one poll. */
export interface HistoryPoll<W> {
  /** The items, in the order in which the service shows them. Pages that overlap show an item twice. */
  readonly items: readonly W[]
  /** What goes wrong in this poll; absent: nothing. `faultyWorld` makes it happen. */
  readonly fault?: PollFault
}

/**
 * What may happen besides items that come and go:
 *
 * - `reorders`: a poll has its items in another order.
 * - `edits`: an item looks different from a poll on, and has the same truth.
 * - `overlaps`: an item comes in between two pages, so that one is shown twice.
 * - `empties`: a poll finds nothing, and the next one everything again.
 * - `fails`: a poll fails, at once, at a later request or in the middle of an answer. The next one has the same items.
 * - `renumbers`: the service gives all items new numbers. Needs `renumber`.
 */
export type HistoryIncident = 'reorders' | 'edits' | 'overlaps' | 'empties' | 'fails' | 'renumbers'

/** What the service is like whose polls are generated. */
export interface HistoryOptions<W> {
  /**
   * Returns the happening that an item stands for; undefined if it stands for none. A history has one item of each, which
   * may be edited.
   */
  readonly truth: (sent: W) => string | undefined
  /**
   * Returns the place of an item in the order of arrival, such as a date or a serial number: no item appears at an earlier
   * poll than those before it. Default: they appear in any order, so some are late.
   */
  readonly arrival?: (sent: W) => number | string
  /** Returns an item as the service shows it after it gave all of them new numbers `times` times, from 1. */
  readonly renumber?: (sent: W, times: number) => W
  /** What may happen besides items that come and go; default everything. */
  readonly happens?: readonly HistoryIncident[]
}

/** The most polls in which items come and go, and the most items and incidents. */
const MOST = { polls: 4, items: 8, incidents: 5, looks: 3 } as const

/**
 * Generates histories of a service: what its polls return over time, from one poll to a dozen. Items appear at any poll,
 * stay for some and are deleted; other things happen as `happens` says. Each item is there at some poll that does not
 * fail, so a stream that polls each time can know all of them. Histories shrink to few polls, few items and no incident.
 *
 * `streamLaws` uses them for polls that overlap and for items that are late.
 *
 * @throws TidingsError `TIDINGS_STREAM_INVALID` for an unknown option
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import fc from 'fast-check'
 * import { eventType, job, manual, memoryLog, tryOut } from 'tidings'
 * import { arbHistory, faultyWorld, virtualClock } from 'tidings/testing'
 *
 * interface Issue { readonly id: number; readonly title: string }
 * const opened = eventType('opened').of<Issue>()
 * const issues = job('issues', manual(), async ({ fetch }) => {
 *   const found = (await (await fetch('https://tracker.example/issues')).json()) as Issue[]
 *   return found.map((each) => opened(String(each.id), each))
 * })
 *
 * const wire = fc.record({ id: fc.nat(99), title: fc.string() })
 * const history = arbHistory(wire, { truth: ({ id }) => String(id) })
 * const eachIsTold = fc.asyncProperty(history, async (polls) => {
 *   const clock = virtualClock()
 *   const log = await memoryLog({ clock })
 *   for (const { items, fault } of polls) {
 *     await tryOut({ log, job: issues, world: faultyWorld({ fetch: async () => Response.json(items) }, fault) })
 *     await clock.advance(60_000)
 *   }
 *   const ids = new Set(polls.flatMap(({ items }) => items.map(({ id }) => id)))
 *   assert.equal(await log.last(), ids.size)
 *   await log.close()
 * })
 * await fc.assert(eachIsTold, { numRuns: 20 })
 * ```
 */
export function arbHistory<W>(
  wire: AnyArbitrary<W>,
  options: HistoryOptions<NoInfer<W>>,
): Arbitrary<readonly HistoryPoll<W>[]> {
  const known = { truth: true, arrival: true, renumber: true, happens: true } as const
  checkOptions(options, known, 'TIDINGS_STREAM_INVALID', 'of arbHistory()')
  const { happens = EVERYTHING, ...service } = options
  const kinds = happens.filter((kind) => kind !== 'renumbers' || service.renumber !== undefined)
  const { truth } = service
  const isEdit = (other: W, item: W): boolean => truth(other) === truth(item)
  return arbLives(wire as Arbitrary<W>, kinds, isEdit).map((lives) => historyOf(lives, service))
}

/** What a history is made from. */
export interface Lives<W> {
  readonly visits: readonly Visit<W>[]
  readonly incidents: readonly Incident[]
}

type Service<W> = Omit<HistoryOptions<W>, 'happens'>

/** An item that the service has at some polls, both ends included. */
interface Visit<W> {
  /** How it may look: first as it comes, then edited. */
  readonly looks: readonly W[]
  readonly from: number
  readonly until: number
  /** Which look it has at each poll after `from`, and then: 0 the first, from 1 any other, modulo how many there are. */
  readonly later: readonly number[]
}

/** Generates what `historyOf` makes a history from. Apart from it, because `truth` may throw. */
export function arbLives<W>(
  wire: Arbitrary<W>,
  kinds: readonly HistoryIncident[] = [],
  isEdit: (other: W, item: W) => boolean = () => true,
): Arbitrary<Lives<W>> {
  const poll = fc.nat(MOST.polls - 1)
  const dates = { from: poll, until: poll }
  const visit: Arbitrary<Visit<W>> = kinds.includes('edits')
    ? fc.record({
        looks: nearby(wire, isEdit),
        ...dates,
        later: fc.array(fc.nat(MOST.looks), { maxLength: MOST.polls - 1 }),
      })
    : fc.record({ looks: wire.map((item) => [item]), ...dates }).map((each) => ({ ...each, later: [] }))
  const visits = fc.array(visit, { maxLength: MOST.items })
  const happening = kinds.flatMap((kind) => (kind === 'edits' ? [] : [INCIDENTS[kind]]))
  if (happening.length === 0) return visits.map((given) => ({ visits: given, incidents: [] }))
  return fc.record({ visits, incidents: fc.array(fc.oneof(...happening), { maxLength: MOST.incidents }) })
}

interface Incident {
  readonly is: Exclude<HistoryIncident, 'edits'>
  /** At which poll. */
  readonly at: number
  /** Which item, or which order: any number, taken modulo how many there are. */
  readonly which?: number
  readonly fault?: PollFault
}

const at = fc.nat(MOST.polls - 1)
const which = fc.nat(MOST.items - 1)

const INCIDENTS: Readonly<Record<Incident['is'], Arbitrary<Incident>>> = {
  reorders: fc.record({ is: fc.constant('reorders'), at, which }),
  overlaps: fc.record({ is: fc.constant('overlaps'), at, which }),
  empties: fc.record({ is: fc.constant('empties'), at }),
  fails: fc.record({
    is: fc.constant('fails'),
    at,
    fault: fc.record({ call: fc.nat(2), as: fc.constantFrom<PollFault['as']>('rejects', 'answers 503', 'breaks off') }),
  }),
  renumbers: fc.record({ is: fc.constant('renumbers'), at }),
}

const EVERYTHING: readonly HistoryIncident[] = ['edits', ...(Object.keys(INCIDENTS) as Incident['is'][])]

/** The polls of a service that has these items. */
export function historyOf<W>(lives: Lives<W>, service: Service<W>): readonly HistoryPoll<W>[] {
  const { incidents } = lives
  const visits = inOrder(distinct(lives.visits, service), service)
  const end = Math.max(0, ...visits.map(({ from, until }) => Math.max(from, until)))
  return Array.from({ length: end + 1 }, (_, now) => pollsAt(now, visits, incidents, service)).flat()
}

/** The poll at this time; before it, those that fail or find nothing. */
function pollsAt<W>(
  now: number,
  visits: readonly Visit<W>[],
  incidents: readonly Incident[],
  { renumber }: Service<W>,
): readonly HistoryPoll<W>[] {
  const times = incidents.filter((incident) => incident.is === 'renumbers' && incident.at <= now).length
  let items = visits.flatMap((visit) => {
    if (now < visit.from || now > Math.max(visit.from, visit.until)) return []
    const item = lookAt(now, visit)
    return [times > 0 && renumber !== undefined ? renumber(item, times) : item]
  })
  const earlier: HistoryPoll<W>[] = []
  for (const { is, which = 0, fault } of incidents.filter((incident) => incident.at === now)) {
    if (is === 'reorders') items = reordered(items, which)
    if (is === 'overlaps' && items.length > 0) items = twice(items, which % items.length)
    if (is === 'empties') earlier.push({ items: [] })
    if (is === 'fails') earlier.push(defined({ items, fault }))
  }
  return [...earlier, { items }]
}

function lookAt<W>(now: number, { looks, from, later }: Visit<W>): W {
  const look = (now === from ? undefined : (later[now - from - 1] ?? later.at(-1))) ?? 0
  const place = look === 0 || looks.length === 1 ? 0 : 1 + ((look - 1) % (looks.length - 1))
  return looks[place] as W
}

/** The other way round, or begun at another place. */
function reordered<W>(items: readonly W[], by: number): W[] {
  if (by === 0) return items.toReversed()
  const first = by % Math.max(1, items.length)
  return [...items.slice(first), ...items.slice(0, first)]
}

function twice<W>(items: readonly W[], place: number): W[] {
  return items.toSpliced(place, 0, items[place] as W)
}

/** Keeps the first item of each happening, and of its looks those that are the same happening. */
function distinct<W>(visits: readonly Visit<W>[], { truth, arrival }: Service<W>): readonly Visit<W>[] {
  const truths = visits.map(({ looks }) => truth(looks[0] as W))
  return visits
    .filter((_, place) => truths[place] === undefined || truths.indexOf(truths[place]) === place)
    .map((visit) => {
      const [first, ...others] = visit.looks as [W, ...W[]]
      const happening = truth(first)
      if (happening === undefined) return { ...visit, looks: [first] }
      const alike = others.filter((other) => truth(other) === happening && arrival?.(other) === arrival?.(first))
      return { ...visit, looks: [first, ...alike] }
    })
}

/** The same visits, begun in the order of arrival; those of one arrival begin together. */
function inOrder<W>(visits: readonly Visit<W>[], { arrival }: Service<W>): readonly Visit<W>[] {
  if (arrival === undefined) return visits
  const begins = visits.map(({ from }) => from).toSorted((a, b) => a - b)
  const places = arrivalOrder(visits.map(({ looks }) => arrival(looks[0] as W)))
  return visits.map((visit, place) => ({ ...visit, from: begins[places[place] as number] as number }))
}

/** The place of each arrival among all; equal ones have one place. */
function arrivalOrder(arrivals: readonly (number | string)[]): readonly number[] {
  return arrivals.map((one) => arrivals.filter((other) => other < one).length)
}
