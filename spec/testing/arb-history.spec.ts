import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Draft, eventType, type Job, type JobContext, job, manual, memoryLog, tryOut } from '../../lib/index.ts'
import {
  arbHistory,
  faultyWorld,
  fc,
  type HistoryIncident,
  type HistoryOptions,
  type HistoryPoll,
  virtualClock,
} from '../../lib/testing/index.ts'

/** An issue: `id` identifies it for good, and the service may change `row`. */
interface Issue {
  readonly id: number
  readonly row: number
  readonly title: string
}

type History = readonly HistoryPoll<Issue>[]

const wire = fc.record(
  { id: fc.nat(30), row: fc.nat(30), title: fc.string({ maxLength: 6 }) },
  { noNullPrototype: true },
)
const service = {
  truth: ({ id }: Issue) => String(id),
  renumber: (issue: Issue, times: number) => ({ ...issue, row: issue.row + 100 * times }),
}
const every = ['reorders', 'edits', 'overlaps', 'empties', 'fails', 'renumbers'] as const
const history = arbHistory(wire, service)

/** Checks each of many histories. */
function holds(check: (polls: History) => void, options: HistoryOptions<Issue> = service): void {
  fc.assert(fc.property(arbHistory(wire, options), check), { numRuns: 300, seed: 1 })
}

/** The smallest history for which this is true. */
function smallest(found: (polls: History) => boolean, options: HistoryOptions<Issue> = service): History {
  const { counterexample } = fc.check(
    fc.property(arbHistory(wire, options), (polls) => !found(polls)),
    { numRuns: 1000, seed: 1 },
  )
  assert.ok(counterexample !== null, 'no such history')
  return counterexample[0]
}

const ids = ({ items }: HistoryPoll<Issue>): number[] => items.map(({ id }) => id)
const unique = (numbers: readonly number[]): number[] => [...new Set(numbers)]
const well = (polls: History): History => polls.filter(({ fault }) => fault === undefined)
/** The polls with the one before. */
const steps = (polls: History) => polls.slice(1).map((now, place) => [polls[place] as HistoryPoll<Issue>, now] as const)
/** The items that both polls have, in the order of each. */
const common = (one: HistoryPoll<Issue>, other: HistoryPoll<Issue>) =>
  [one, other].map((poll) => unique(ids(poll)).filter((id) => ids(one).includes(id) && ids(other).includes(id)))

/** Whether two polls have an item that differs in this. */
const differs = (polls: History, of: keyof Issue): boolean =>
  polls.some(({ items }) => items.some((a) => polls.some((p) => p.items.some((b) => a.id === b.id && a[of] !== b[of]))))

const happened: Readonly<Record<HistoryIncident | 'growth' | 'late' | 'deletion', (polls: History) => boolean>> = {
  growth: (polls) =>
    steps(polls).some(([before, now]) => ids(before).length > 0 && ids(now).length > ids(before).length),
  // A new one stands before one that was there.
  late: (polls) =>
    steps(polls).some(([before, now]) =>
      ids(now).some((id, at) => !ids(before).includes(id) && ids(before).includes(ids(now)[at + 1] ?? -1)),
    ),
  deletion: (polls) => steps(polls).some(([before, now]) => ids(before).some((id) => !ids(now).includes(id))),
  reorders: (polls) =>
    steps(polls).some(([before, now]) => String(common(before, now)[0]) !== String(common(before, now)[1])),
  edits: (polls) => differs(polls, 'title'),
  overlaps: (polls) => polls.some((poll) => unique(ids(poll)).length < ids(poll).length),
  empties: (polls) => polls.some(({ items }, at) => items.length === 0 && (polls[at + 1]?.items.length ?? 0) > 0),
  fails: (polls) => polls.some(({ fault }) => fault !== undefined),
  renumbers: (polls) => polls.some(({ items }) => items.some(({ row }) => row >= 100)),
}

describe('arbHistory', () => {
  for (const [what, found] of Object.entries(happened)) {
    it(`makes histories with ${what}, and shrinks them to a short one`, () => {
      const shortest = smallest(found)
      assert.ok(shortest.length <= (what === 'reorders' ? 3 : 2), JSON.stringify(shortest))
      assert.ok(new Set(shortest.flatMap(ids)).size <= 2, JSON.stringify(shortest))
    })
  }

  it('makes only what is asked for', () => {
    for (const one of every) {
      const others = every.filter((each) => each !== one && each !== 'empties')
      // An edit may be of the row, and an item that has left leaves nothing.
      holds(
        (polls) => {
          for (const other of others) assert.ok(!happened[other](polls), `${other}: ${JSON.stringify(polls)}`)
        },
        { ...service, happens: [one] },
      )
    }
  })

  it('needs renumber to renumber', () => {
    holds((polls) => assert.ok(!happened.renumbers(polls)), { truth: service.truth })
  })

  it('ends with a poll that does not fail, and repeats each one that does', () => {
    holds((polls) => {
      assert.equal(polls.at(-1)?.fault, undefined)
      for (const [at, { items, fault }] of polls.entries()) {
        if (fault === undefined) continue
        const next = well(polls.slice(at)).find((poll) => poll.items.length > 0 || items.length === 0)
        assert.deepEqual(new Set(next?.items), new Set(items))
      }
    })
  })

  it('has one item of each truth at a time', () => {
    holds(
      (polls) => {
        for (const poll of polls) assert.deepEqual(unique(ids(poll)), ids(poll))
      },
      { ...service, happens: every.filter((each) => each !== 'overlaps') },
    )
  })

  it('keeps all items without a happening', () => {
    const nothing = smallest((polls) => polls.some(({ items }) => items.length === 3), { truth: () => undefined })
    assert.deepEqual(nothing, [{ items: Array.from({ length: 3 }, () => ({ id: 0, row: 0, title: '' })) }])
  })

  it('begins items in the order of arrival', () => {
    const byId = { ...service, arrival: ({ id }: Issue) => id }
    holds((polls) => {
      const known = new Set<number>()
      for (const poll of polls) {
        const fresh = ids(poll).filter((id) => !known.has(id))
        for (const id of fresh)
          assert.ok(
            [...known].every((other) => other <= id),
            JSON.stringify(polls),
          )
        for (const id of fresh) known.add(id)
      }
    }, byId)
  })

  it('is the same for the same seed', () => {
    const sample = () => fc.sample(history, { numRuns: 20, seed: 3 })
    assert.deepEqual(sample(), sample())
  })
})

const opened = eventType('opened').of<Issue>()

/** A job that fetches pages of two, and names the issues so. */
function issuesBy(name: (issue: Issue, at: number, context: JobContext) => string): Job {
  return job('issues', manual(), async (context) => {
    const found: Issue[] = []
    for (let page = 0, more = true; more; page++) {
      const response = await context.fetch(`https://tracker.example/issues?page=${page}`)
      if (!response.ok) throw new Error(`the tracker answered ${response.status}`)
      const items = (await response.json()) as Issue[]
      found.push(...items)
      more = items.length === 2
    }
    return found.map((issue, at) => opened(name(issue, at, context), issue))
  })
}

/** A job that forgets what was there when it is there no more, or not yet. */
const newcomers = job('issues', manual(), async ({ fetch, state }): Promise<Draft[]> => {
  const response = await fetch('https://tracker.example/issues?page=all')
  const items = (await response.json()) as Issue[]
  const known = (await state.get<number[]>('known')) ?? []
  const run = ((await state.get<number>('run')) ?? 0) + 1
  state.set('run', run)
  state.set(
    'known',
    items.map(({ id }) => id),
  )
  const fresh = items.filter(({ id }) => !known.includes(id))
  return fresh.map((issue) => opened(`${issue.id} of run ${run}`, issue))
})

/** A job that takes what it gets for everything. */
const careless = job('issues', manual(), async ({ fetch }): Promise<Draft[]> => {
  const response = await fetch('https://tracker.example/issues?page=all')
  const items = (await response.json().catch(() => [{ id: -1, row: 0, title: '' }])) as Issue[]
  return items.map((issue) => opened(String(issue.id), issue))
})

/** Whether each issue is told once, and nothing else, in every history. */
async function proves(look: Job, options: Omit<HistoryOptions<Issue>, 'truth'> = {}): Promise<boolean> {
  const { failed } = await fc.check(
    fc.asyncProperty(arbHistory(wire, { ...service, ...options }), async (polls) => {
      const clock = virtualClock()
      const log = await memoryLog({ clock })
      for (const { items, fault } of polls) {
        const answer = (asked: Request) => {
          const page = new URL(asked.url).searchParams.get('page')
          return Response.json(page === 'all' ? items : items.slice(2 * Number(page), 2 * Number(page) + 2))
        }
        await tryOut({
          log,
          job: look,
          world: faultyWorld({ fetch: async (asked) => answer(new Request(asked)) }, fault),
        })
        await clock.advance(60_000)
      }
      const told: number[] = []
      for await (const { data } of log.events()) told.push((data as Issue).id)
      await log.close()
      const sorted = (all: readonly number[]) => all.toSorted((a, b) => a - b)
      assert.deepEqual(sorted(told), sorted(unique(polls.flatMap(ids))))
    }),
    { numRuns: 40, seed: 1, endOnFailure: true },
  )
  return !failed
}

describe('a job, over generated histories', () => {
  it('passes when it names issues by what they are', async () => {
    assert.ok(await proves(issuesBy(({ id }) => String(id))))
  })

  const wrong: readonly [HistoryIncident, string, Job][] = [
    ['reorders', 'names them by their neighbour', issuesBy(({ id }, at) => (at === 0 ? 'the first' : String(id)))],
    ['edits', 'has the title in the name', issuesBy(({ id, title }) => `${id} ${title}`)],
    ['overlaps', 'counts', issuesBy(({ id }, at) => `${id} ${at}`)],
    ['empties', 'forgets what it does not see', newcomers],
    ['fails', 'takes an error for an answer', careless],
    ['renumbers', 'names them by their row', issuesBy(({ id, row }) => `${id} ${row}`)],
  ]
  for (const [incident, what, look] of wrong) {
    it(`fails when it ${what}, by ${incident}`, async () => {
      assert.ok(!(await proves(look, { happens: [incident] })), 'no history shows it')
    })
  }
})
