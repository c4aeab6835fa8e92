import type { Arbitrary } from 'fast-check'
import { DAY, HOUR } from '../core/time-units.ts'
import { BrokenLaw, type CheckLaw, show } from './check-law.ts'
import { fc } from './fast-check.ts'
import { nearby } from './nearby.ts'
import { FIRST_POLL, type PollResult, type StreamUnderTest } from './stream-under-test.ts'
import { identity, list } from './watched-stream.ts'

/** The range of the other hour, in ms. */
const YEARS = 3 * 366 * DAY

/** Each item is published alone, at two different hours; then all together, in any order. */
export async function independence<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const cases = fc.record({ given: fc.array(subject.service.wire, { maxLength: 8 }), later: fc.nat(YEARS) })
  await checkLaw(cases, async ({ given, later }) => {
    const items = subject.distinct(given, (item) => item)
    const alone = await subject.pollEach(items)
    await atAnotherHour(subject, alone, FIRST_POLL + later)
    await amongOthers(subject, alone)
  })
}

type Alone<W> = ReadonlyMap<W, PollResult>

async function atAnotherHour<W>(subject: StreamUnderTest<W>, alone: Alone<W>, hour: number): Promise<void> {
  for (const [item, told] of alone) {
    const again = await subject.poll([item], hour)
    // A stream may publish an item at certain hours only; that does not make it another happening.
    if (told.identities.size === 0 || again.identities.size === 0 || same(told, again)) continue
    throw new BrokenLaw(`${show(item)} becomes another happening at another hour`, [...told.history, ...again.history])
  }
}

async function amongOthers<W>(subject: StreamUnderTest<W>, alone: Alone<W>): Promise<void> {
  const known = new Set([...alone.values()].flatMap(({ identities }) => [...identities.keys()]))
  const { identities, history } = await subject.poll([...alone.keys()])
  const wrong = [...identities.keys()].find((name) => !known.has(name))
  if (wrong === undefined) return
  const expected = `expected ${list(known)}: what the items give, each alone`
  throw new BrokenLaw(`${wrong} occurs only with the items in this order, or on these pages`, [...history, expected])
}

function same({ identities: these }: PollResult, { identities: those }: PollResult): boolean {
  return these.size === those.size && [...these.keys()].every((name) => those.has(name))
}

/** Items of one truth that give events of one type share an identity; they may give other events too. */
export async function edits<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  await checkLaw(alike(subject), async (items) => {
    for (const [one, other] of await pairs(subject, items)) {
      const types = new Set(other.identities.values())
      const comparable = [...one.identities.values()].some((type) => types.has(type))
      if (one.truth !== other.truth || !comparable || sharedOf(one, other) !== undefined) continue
      const finding = `${show(one.truth)} has two identifiers, because an item of that truth may look different`
      throw new BrokenLaw(finding, [...one.history, ...other.history])
    }
  })
}

/** One item over time: it looks different, disappears and is there again. It has one name of each type. */
export async function naming<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  const { wire, truth } = subject.service
  const look = fc.option(fc.nat(4), { nil: undefined })
  const cases = fc.record({ looks: fc.array(look, { minLength: 2, maxLength: 5 }), items: nearby(wire) })
  await checkLaw(cases, async ({ items, looks }) => {
    const happening = truth(items[0] as W)
    if (happening === undefined) return
    const alike = items.filter((item) => truth(item) === happening)
    const known = new Map([...(await subject.pollEach(alike)).values()].flatMap(({ identities }) => [...identities]))
    await subject.onLog(async ({ watch, accepted }) => {
      for (const [hour, at] of looks.entries()) {
        await watch.poll(at === undefined ? [] : [alike[at % alike.length] as W], FIRST_POLL + hour * HOUR)
      }
      const names = new Map<string, string>()
      for (const event of accepted) {
        const name = identity(event)
        const other = names.get(event.type) ?? [...known].find(([, type]) => type === event.type)?.[0]
        names.set(event.type, name)
        if (known.has(name) || other === undefined || other === name) continue
        throw new BrokenLaw(`${show(happening)} is called ${other}, and later ${name}`, watch.history)
      }
    })
  })
}

/** Items of different truths share no identity. */
export async function distinctness<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  await checkLaw(alike(subject), async (items) => {
    for (const [one, other] of await pairs(subject, items)) {
      const shared = sharedOf(one, other)
      if (one.truth === other.truth || shared === undefined) continue
      const finding = `${shared} stands for two happenings, ${show(one.truth)} and ${show(other.truth)}`
      throw new BrokenLaw(finding, [...one.history, ...other.history])
    }
  })
}

function sharedOf(one: PollResult, other: PollResult): string | undefined {
  return [...one.identities.keys()].find((name) => other.identities.has(name))
}

/** Generates some items that are nearly the same, and some independent ones. */
function alike<W>({ service: { wire } }: StreamUnderTest<W>): Arbitrary<readonly W[]> {
  return fc.tuple(nearby(wire), fc.array(wire, { maxLength: 4 })).map((items) => items.flat())
}

type Happening = PollResult & { readonly truth: string }

/** Returns every two items that are happenings, each as published alone. */
async function pairs<W>(
  subject: StreamUnderTest<W>,
  items: readonly W[],
): Promise<(readonly [Happening, Happening])[]> {
  const happenings: Happening[] = []
  for (const [item, told] of await subject.pollEach(items)) {
    const truth = subject.service.truth(item)
    if (truth !== undefined) happenings.push({ ...told, truth })
  }
  return happenings.flatMap((one, at) => happenings.slice(at + 1).map((other) => [one, other] as const))
}
