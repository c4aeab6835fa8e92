import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { debounceTime, distinct, filter, map, mergeMap, pairwise, pipe, scan, skip } from 'rxjs'
import type { Finding } from '../../../lib/agent/inspect/finding.ts'
import { lint } from '../../../lib/agent/inspect/lint.ts'
import type { EventFlow, Seen } from '../../../lib/agent/inspect/seen.ts'
import { eq, gt, lt, not, oneOf } from '../../../lib/filters.ts'
import {
  agent,
  cron,
  defineStream,
  eventType,
  every,
  type JobOptions,
  job,
  listener,
  manual,
  matching,
  on,
  once,
  type Part,
  type Schedule,
  where,
} from '../../../lib/index.ts'

const now = Date.parse('2026-06-01T12:00:00Z')
const a = eventType('a').of<{ n: number; s: string }>()
const b = eventType('b').of<{ n: number }>()

const poll = (publishes: JobOptions['publishes'] = [a], name = 'poll', schedule: Schedule = every('1m')) =>
  job(name, schedule, () => undefined, { publishes: publishes ?? [] })
const quiet = (_: unknown): void => undefined

function found(parts: readonly Part[], seen?: Seen): Finding[] {
  return [...lint({ agent: agent('test', parts), now, seen })]
}

const codes = (parts: readonly Part[], seen?: Seen): string[] =>
  found(parts, seen).map(({ code, part }) => `${code} ${part}`)

const saw = (...events: readonly EventFlow[]): Seen => ({ flow: { events, listeners: [] }, listeners: [], jobs: [] })

describe('lint', () => {
  it('finds nothing in a sound agent', () => {
    assert.deepEqual(found([poll(), listener('hear', on(a).pipe(where('data.n', gt(3))), quiet)]), [])
  })

  it('orders findings by part: jobs, then listeners', () => {
    const parts = [
      listener('second', on(a).pipe(pairwise()), quiet),
      listener('first', on(a).pipe(pairwise()), quiet),
      poll([a, b]),
    ]
    assert.deepEqual(codes(parts), [
      'event-unheard job "poll"',
      'operator-memory listener "second"',
      'operator-memory listener "first"',
    ])
  })
})

describe('listener-unfed', () => {
  const typo = listener('hear', on('aa'), quiet)

  it('is a listener whose types no job publishes, with the nearest type', () => {
    const [finding] = found([poll([eventType('issue.opened')]), listener('hear', on('issue.open'), quiet)]).filter(
      ({ code }) => code === 'listener-unfed',
    )
    assert.equal(finding?.message, 'It hears "issue.open", which no job of the agent publishes.')
    assert.match(finding?.fix ?? '', /did you mean "issue\.opened"\?/)
    assert.deepEqual(codes([listener('all', on(matching({})), quiet)]), ['listener-unfed listener "all"'])
  })

  it('is fed by a pattern, a matching, one of several types, an event of the engine, or an event in the log', () => {
    for (const source of [on('*'), on(matching({ type: ['in', ['x', 'a']] })), on('x', a), on('tidings.job.failed')]) {
      assert.deepEqual(codes([poll(), listener('hear', source, quiet), listener('a', on(a), quiet)]), [])
    }
    const parts = [poll(), typo, listener('a', on(a), quiet)]
    assert.deepEqual(codes(parts), ['listener-unfed listener "hear"'])
    assert.deepEqual(codes(parts, saw({ type: 'aa', count: 1, last: 1 })), [])
  })

  it('is not accused if a job does not say what it publishes, or another listener may publish', () => {
    assert.deepEqual(codes([poll(), poll([], 'other'), typo, listener('a', on(a), quiet)]), [])
    const publisher = listener('a', on(a), (_, { publish }) => publish('aa', '1', null))
    assert.deepEqual(codes([poll(), typo, publisher]), [])
    const itself = listener('hear', on('aa'), (_, { publish }) => publish('aa', '1', null))
    assert.deepEqual(codes([poll(), itself, listener('a', on(a), quiet)]), ['listener-unfed listener "hear"'])
  })
})

describe('event-unheard', () => {
  it('is a type of a job that no listener hears', () => {
    assert.deepEqual(codes([poll([a, b]), listener('hear', on(a), quiet)]), ['event-unheard job "poll"'])
    assert.deepEqual(codes([poll([a, b]), listener('hear', on('*'), quiet)]), [])
  })

  it('never concerns an agent that only collects', () => {
    assert.deepEqual(codes([poll([a, b])]), [])
  })

  it('is a stream of which nothing is heard; one event is enough', () => {
    const shop = defineStream({ name: 'shop', summary: 's', events: {}, jobs: () => [poll([a], 'x'), poll([b], 'y')] })
    assert.deepEqual(codes([shop(), listener('hear', on(a), quiet)]), [])
    assert.deepEqual(codes([shop(), poll([eventType('c')]), listener('hear', on('c'), quiet)]), [
      'event-unheard job "shop.x"',
      'event-unheard job "shop.y"',
    ])
  })
})

describe('filter-never', () => {
  const message = (source: ReturnType<typeof on>): string | undefined =>
    found([poll(), listener('hear', source, quiet)]).find(({ code }) => code === 'filter-never')?.message

  it('names the fewest filters of a pipe that contradict each other', () => {
    const pipe = on(a).pipe(where('data.n', gt(5)), where('data.s', eq('x')), where('data.n', lt(3)))
    const words = "where('data.n', gt(5)) and where('data.n', lt(3)) never hold together"
    assert.equal(message(pipe as never), `${words}, so the listener receives nothing.`)
  })

  it('names a filter that contradicts the types, the criteria, or what events are', () => {
    assert.match(message(on('a', 'a*').pipe(where('type', eq('z')))) ?? '', /^It hears only "a" and "a\*", for which/)
    const criteria = on(matching({ type: ['==', 'a'], 'data.n': ['<', 3] })).pipe(where('data.n', gt(5)))
    assert.match(message(criteria) ?? '', /^matching\(.* and where\('data\.n', gt\(5\)\) never hold together/)
    assert.match(
      message(on('a').pipe(where('seq', eq('1') as never))) ?? '',
      /^where\('seq', eq\('1'\)\) never holds for/,
    )
  })

  it('looks at filters after a map, too, but not across it', () => {
    assert.equal(
      message(
        on('a').pipe(
          where('seq', eq(1)),
          map(() => ({ seq: 2 })),
          where('seq', eq(2)),
        ) as never,
      ),
      undefined,
    )
    assert.match(
      message(
        on('a').pipe(
          map(() => 1),
          where(gt(3)),
          where(lt(2)),
        ) as never,
      ) ?? '',
      /where\(gt\(3\)\) and/,
    )
  })

  it('accuses no filter that may hold', () => {
    assert.equal(message(on('a').pipe(where('data.n', oneOf(1, 2)), where('data.n', not(eq(1))))), undefined)
    assert.equal(message(on('a').pipe(where(() => false))), undefined)
  })
})

describe('operator-memory', () => {
  const fixes = (source: ReturnType<typeof on>): string[] =>
    found([poll(), listener('hear', source, quiet)]).map(({ code, fix }) => `${code} ${fix}`)

  it('is an operator that waits for another event, with the filter to use instead', () => {
    assert.deepEqual(fixes(on('a').pipe(debounceTime(20))), ["operator-memory Use settled(path, '10m') instead."])
    const composed = pipe(
      map((event: unknown) => event),
      pairwise(),
    )
    assert.match(fixes(on('a').pipe(composed) as never)[0] ?? '', /changed\(path\), crossed\(path, level\)/)
    assert.equal(
      fixes(
        on('a').pipe(
          scan((sum) => sum, 0),
          skip(1),
        ) as never,
      ).length,
      2,
    )
  })

  it('is right where an event was made into several values, or that is unknown', () => {
    assert.deepEqual(
      fixes(
        on('a').pipe(
          mergeMap((event) => [event, event]),
          distinct(),
        ),
      ),
      [],
    )
    assert.deepEqual(fixes(on('a').pipe((source) => source.pipe(mergeMap((event) => [event])), distinct())), [])
    assert.deepEqual(
      fixes(
        on('a').pipe(
          filter((event) => event.seq > 3),
          map((event) => event.seq),
        ) as never,
      ),
      [],
    )
  })
})

describe('schedule-never', () => {
  const hear = listener('hear', on(a), quiet)
  const never = (schedule: Schedule, options: JobOptions = {}, seen?: Seen): string[] =>
    codes([job('poll', schedule, () => undefined, { publishes: [a], ...options }), hear], seen)

  it('is a schedule whose slots have passed, or that throws', () => {
    const wrong = ['schedule-never job "poll"']
    assert.deepEqual(never(once(new Date(now))), wrong)
    assert.deepEqual(never(every('1h').until('2026-05-01')), wrong)
    assert.deepEqual(never(cron('0 0 0 1 1 * 2026')), wrong)
    const broken: Schedule = {
      next: () => {
        throw new Error('broken')
      },
      toString: () => 'broken',
    }
    assert.deepEqual(never(broken), wrong)
  })

  it('counts a duration from when the log first saw the job', () => {
    const old = { ...saw(), jobs: [{ name: 'poll', firstSeen: '2026-05-30T00:00:00Z' }] }
    assert.deepEqual(never(every('1h').until('8h')), [])
    assert.deepEqual(never(every('1h').until('8h'), {}, old), ['schedule-never job "poll"'])
  })

  it('leaves out schedules without slots by intention: by hand, at the start, or switched off', () => {
    assert.deepEqual(never(manual()), [])
    assert.deepEqual(never(once(new Date(0)), { atStart: true }), [])
    assert.deepEqual(never(once(new Date(0)), { enabled: false }), [])
    assert.deepEqual(never(once(new Date(now + 1))), [])
  })
})

describe('listener-loop', () => {
  const again: EventFlow = { type: 'a', cause: 'a', count: 3, last: 9 }

  it('is a listener that published what it hears', () => {
    const [finding] = found([poll(), listener('hear', on(a), quiet)], saw(again, { type: 'a', count: 1, last: 2 }))
    assert.deepEqual([finding?.code, finding?.part], ['listener-loop', 'listener "hear"'])
    assert.match(finding?.message ?? '', /hears "a" and published it in answer, 3 times/)
  })

  it('names all that it may be', () => {
    const both = [poll(), listener('one', on(a), quiet), listener('two', on('*'), quiet)]
    assert.match(found(both, saw(again))[0]?.message ?? '', /^One of "one" and "two" hears/)
  })

  it('is over when a later event caused none, or its listener is gone; the engine announces, and does not loop', () => {
    const hear = listener('hear', on(a), quiet)
    assert.deepEqual(codes([poll(), hear], saw(again, { type: 'a', job: 'poll', count: 1, last: 10 })), [])
    assert.deepEqual(codes([poll([b]), listener('hear', on(b), quiet)], saw(again)), [])
    const parked = 'tidings.listener.parked'
    const seen = saw({ type: parked, cause: parked, count: 1, last: 9 })
    assert.deepEqual(codes([poll(), hear, listener('parked', on(parked), quiet)], seen), [])
  })
})
