import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, isAgent, type Part } from '../../../lib/agent/define/agent.ts'
import { defineStream } from '../../../lib/agent/define/stream.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { job } from '../../../lib/job/job.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { cron, every } from '../../../lib/schedule/index.ts'
import { place } from '../../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()
const nothing = () => undefined
const jobOf = (name: string) => job(name, every(1).hour, nothing)
const listenerOf = (name: string) => listener(name, on(made), nothing)
const shop = defineStream({
  name: 'shop',
  summary: 'New items in a shop.',
  events: { item: eventType('shop.item').of<{ sku: number }>() },
  jobs: () => [jobOf('items')],
  listeners: (_, { item }) => [listener('clerk', on(item), nothing)],
})
const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name)

describe('agent', () => {
  it('accepts jobs, listeners, streams and arrays of them, at any depth', () => {
    const made1 = agent('home', [jobOf('a'), [listenerOf('x'), [jobOf('b'), [[]], shop()]], shop({ as: 'other' })])
    assert.ok(isAgent(made1))
    assert.deepEqual([made1.kind, made1.name], ['agent', 'home'])
    assert.deepEqual(names(made1.jobs), ['a', 'b', 'shop.items', 'other.items'])
    assert.deepEqual(names(made1.listeners), ['x', 'shop.clerk', 'other.clerk'])
    assert.deepEqual(agent('empty', []).jobs, [])
    for (const other of [undefined, {}, { kind: 'agent', name: 'x', jobs: [], listeners: [] }])
      assert.equal(isAgent(other), false)
  })

  it('accepts a job and a listener of one name, but not two of a kind', () => {
    assert.equal(agent('home', [jobOf('a'), listenerOf('a')]).jobs.length, 1)
    const twins: [Part[], RegExp][] = [
      [[jobOf('a'), jobOf('b'), jobOf('a')], /two jobs named "a"/],
      [[listenerOf('a'), [listenerOf('a')]], /two listeners named "a"/],
      [[shop(), shop()], /two jobs named "shop.items".*\{ as: … \}/],
      [[shop(), jobOf('shop.items')], /two jobs named "shop.items"/],
    ]
    for (const [parts, message] of twins) {
      assert.throws(() => agent('home', parts), { code: 'TIDINGS_AGENT_INVALID', message })
    }
  })

  const wrong: [what: string, part: unknown, words: RegExp][] = [
    [
      'a source that nobody listens on',
      on(made),
      /parts\[1\].*on\(…\), which is unfinished.*listener\(name, on\(…\), handler\)/,
    ],
    ['a source with a pipe', (on(made).pipe as () => unknown)(), /unfinished/],
    ['a stream that was not called', shop, /parts\[1\].*not called/],
    ['an event type', made, /parts\[1\] of agent "home" must be a job, a listener or a stream/],
    ['undefined', undefined, /parts\[1\].*undefined/],
    ['something deep inside', [[], [jobOf('x'), 7]], /parts\[1\]\[1\]\[1\].*7/],
    ['another agent', agent('other', []), /parts\[1\]/],
    ['a promise', Promise.resolve(jobOf('x')), /parts\[1\].*Promise/],
  ]
  for (const [what, part, message] of wrong) {
    it(`rejects ${what}, and names its position`, () => {
      assert.throws(() => agent('home', [jobOf('a'), part as Part]), { code: 'TIDINGS_AGENT_INVALID', message })
    })
  }

  it('rejects two event types of one name, in any parts, and accepts one type in several parts', async (t) => {
    const again = eventType('made').of<{ n: number }>()
    const publishes = (name: string, type: typeof made) => job(name, every(1).hour, nothing, { publishes: [type] })
    const store = defineStream({
      name: 'store',
      summary: 'Another shop.',
      events: { item: eventType('shop.item').of<{ sku: number }>() },
      jobs: () => [jobOf('items')],
    })
    const twins: [Part[], RegExp][] = [
      [[listenerOf('a'), listener('b', on(again), nothing)], /"made", in listener "a" and in listener "b"/],
      [[listener('a', on('other', made, again), nothing)], /"made", both in listener "a"/],
      [[publishes('a', made), [listener('b', on(again), nothing)]], /"made", in job "a" and in listener "b"/],
      [[publishes('a', made), publishes('b', again)], /"made", in job "a" and in job "b"/],
      [[shop(), store()], /"shop.item", in stream "shop" and in stream "store"/],
      [[shop({ as: 'a' }), listener('b', on(store.item), nothing)], /"shop.item", in stream "a" and in listener "b"/],
    ]
    for (const [parts, message] of twins)
      assert.throws(() => agent('home', parts), { code: 'TIDINGS_AGENT_INVALID', message })
    const fine = [shop({ as: 'a' }), shop({ as: 'b' }), listener('c', on(shop.item, shop.item, 'shop.item'), nothing)]
    assert.equal(agent('home', [...fine, publishes('d', made), listenerOf('e')]).jobs.length, 3)

    const here = await place(t)
    const running = await here.begin([listenerOf('a')])
    const late = running.add(listener('b', on(again), nothing))
    await assert.rejects(late, { code: 'TIDINGS_AGENT_INVALID', message: /two event types named "made"/ })
    await running.add(listenerOf('c'))
  })

  it('rejects parts that are not an array, and names that no directory can have', () => {
    assert.throws(() => agent('home', undefined as never), { code: 'TIDINGS_AGENT_INVALID' })
    for (const name of [
      '',
      '.',
      '..',
      '...',
      'a/b',
      'a\\b',
      '../a',
      'a b',
      'a\0',
      'a\n',
      5 as never,
      undefined as never,
    ]) {
      assert.throws(() => agent(name, []), { code: 'TIDINGS_AGENT_INVALID', message: /name of an agent/ }, String(name))
    }
    for (const name of ['a', 'home-2', 'a.b', 'a_b', 'Ünïcode', '.a']) assert.equal(agent(name, []).name, name)
  })

  it('gives its time zone to schedules that name none, and does not change its parts', () => {
    const daily = job('daily', every().day.at('10:30'), nothing)
    const berlin = job('berlin', cron('30 10 * * *', { timezone: 'Europe/Berlin' }), nothing)
    const [there, fixed] = agent('home', [daily, berlin], { timezone: 'Asia/Tokyo' }).jobs
    const noon = new Date('2026-01-01T12:00:00Z')
    assert.equal(there?.schedule.next(noon)?.toISOString(), '2026-01-02T01:30:00.000Z')
    assert.equal(fixed?.schedule.next(noon)?.toISOString(), '2026-01-02T09:30:00.000Z')
    assert.equal(agent('home', [daily]).jobs[0]?.schedule, daily.schedule)
    for (const parts of [[daily], []]) {
      assert.throws(() => agent('home', parts, { timezone: 'Nowhere/At-All' }), /Nowhere/)
    }
  })
})
