import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import type { EventStory } from '../../../lib/agent/operations/story.ts'
import { operations } from '../../../lib/agent/peers/operations-on.ts'
import { connect } from '../../../lib/agent/socket/client.ts'
import { start } from '../../../lib/agent/start.ts'
import { Park, Retry } from '../../../lib/core/control.ts'
import { where } from '../../../lib/filter/where.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const parts = [
  job('poll', manual(), ({ publish }) => publish('made', '1', { n: 1 })),
  listener('act', on('made'), (_, { publish }) => publish('done', '1', null), { from: 'start' }),
  listener('filters', on('made').pipe(where(() => false)), () => undefined, { from: 'start' }),
  listener(
    'late',
    on('made'),
    () => {
      throw new Retry({ after: '1h' })
    },
    { from: 'start' },
  ),
  listener(
    'mail',
    on('made'),
    () => {
      throw new Park('no room')
    },
    { from: 'start' },
  ),
  listener('other', on('other'), () => undefined, { from: 'start' }),
  listener('next', on('done'), (_, { publish }) => publish('end', '1', null), { from: 'start' }),
]

/** An agent that has run its job, asked over its socket; and its log. */
async function running(t: TestContext) {
  const directory = temporaryDirectory(t)
  const log = await memoryLog()
  const agentRuns = await start(agent('home', parts), { log, logger: false, serve: directory })
  t.after(async () => {
    await agentRuns.stop()
    await log.close()
  })
  await agentRuns.trigger('poll')
  await agentRuns.drained()
  // That listener mail has parked an event is an event too.
  const seqOf = (type: string, identifier = '1') => until(async () => (await log.get(type, identifier))?.seq)
  const seqs = { made: await seqOf('made'), done: await seqOf('done'), end: await seqOf('end') }
  await until(async () => (await log.last()) === 4)
  const on = await connect(directory)
  assert.ok(on)
  await until(async () => (await on.listeners.list()).every(({ running: n }) => n === 0))
  return { on, log, seqs, stop: () => agentRuns.stop() }
}

const outcomes = (story: EventStory | undefined) =>
  Object.fromEntries((story?.listeners ?? []).map(({ listener: name, outcome }) => [name, outcome]))

describe('the story of an event', () => {
  it('has its run, its causes, what followed, and each listener, over the socket of an agent', async (t) => {
    const { on, seqs } = await running(t)
    const story = await on.events.story(seqs.made)
    assert.deepEqual(
      [story?.event.type, story?.run?.job, story?.run?.attempt, story?.run?.status],
      ['made', 'poll', 1, 'done'],
    )
    assert.ok((story?.run?.ms ?? -1) >= 0)
    assert.ok(!Number.isNaN(Date.parse(story?.run?.slot ?? '')))
    assert.deepEqual([story?.cause, story?.causes], [undefined, []])
    assert.deepEqual(story?.follows.map(({ type }) => type).toSorted(), ['done', 'tidings.listener.parked'])
    assert.deepEqual(
      story?.follows.find(({ type }) => type === 'done'),
      { seq: seqs.done, type: 'done', identifier: '1' },
    )
    assert.deepEqual(outcomes(story), {
      act: 'handled',
      filters: 'passed',
      late: 'retrying',
      mail: 'parked',
      other: 'not heard',
      next: 'not heard',
    })
    const [act, , late, mail] = story?.listeners ?? []
    assert.deepEqual(
      act?.deliveries.map(({ attempt, outcome }) => [attempt, outcome]),
      [[1, 'handled']],
    )
    assert.deepEqual([late?.attempts, late?.error?.message !== undefined], [1, true])
    assert.ok(Date.parse(late?.nextAt ?? '') > Date.now())
    assert.deepEqual(
      [mail?.error?.message, mail?.nextAt, mail?.error && 'stack' in mail.error],
      ['no room', undefined, false],
    )
    assert.ok(mail?.parkedAt)
    const end = await on.events.story(seqs.end)
    assert.deepEqual([end?.run, end?.cause], [undefined, { seq: seqs.done, type: 'done', identifier: '1' }])
    assert.deepEqual(
      end?.causes.map(({ seq }) => seq),
      [seqs.done, seqs.made],
    )
    assert.equal(await on.events.story(5), undefined)
    assert.equal(await on.events.story(0), undefined)
  })

  it('has what a resting log knows', async (t) => {
    const { log, seqs, stop } = await running(t)
    await stop()
    const story = await operations(log).events.story(seqs.made)
    assert.deepEqual(outcomes(story), {
      act: 'settled',
      filters: 'settled',
      late: 'retrying',
      mail: 'parked',
      other: 'settled',
      next: 'settled',
    })
    assert.deepEqual(
      story?.listeners.map(({ deliveries }) => deliveries),
      [[], [], [], [], [], []],
    )
    assert.deepEqual([story?.run?.status, story?.follows.length], ['done', 2])
  })

  it('waits at a listener that is behind, and is not heard by one that began later, or untold', async (t) => {
    const log = await memoryLog()
    t.after(() => log.close())
    const at = async (seq: number) => outcomes(await operations(log).events.story(seq))
    await log.accept([{ type: 'a', identifier: '1', data: null }])
    await log.consumer('c', { start: 'now' })
    await log.accept([{ type: 'a', identifier: '2', data: null }])
    await log.accept([{ type: 'a', identifier: '3', data: null }], { told: false })
    assert.deepEqual(
      [await at(1), await at(2), await at(3)],
      [{ c: 'not heard' }, { c: 'waiting' }, { c: 'not heard' }],
    )
    assert.deepEqual(
      [(await operations(log).events.story(3))?.untold, (await operations(log).events.story(2))?.untold],
      [true, undefined],
    )
  })

  it('names at most 8 causes, 100 followers, and the revision before', async (t) => {
    const log = await memoryLog()
    t.after(() => log.close())
    const { events } = operations(log)
    for (let n = 1; n <= 12; n++)
      await log.accept([{ type: 'a', identifier: `${n}`, data: n }], n === 1 ? {} : { cause: n - 1 })
    assert.deepEqual(
      (await events.story(12))?.causes.map(({ seq }) => seq),
      [11, 10, 9, 8, 7, 6, 5, 4],
    )
    const many = Array.from({ length: 101 }, (_, n) => ({ type: 'b', identifier: `${n}`, data: null }))
    await log.accept(many.slice(1), { cause: 12 })
    const full = await events.story(12)
    assert.deepEqual([full?.follows.length, full?.more], [100, undefined])
    await log.accept(many.slice(0, 1), { cause: 12 })
    const more = await events.story(12)
    assert.deepEqual([more?.follows, more?.more], [full?.follows, true])
    for (const version of ['A', 'B', 'A']) {
      await log.accept([{ type: 'v', identifier: 'x', data: version, version }])
      await log.accept([{ type: 'v', identifier: 'y', data: version, version }])
    }
    const last = await log.last()
    const revisions = async (seq: number) => (await events.story(seq))?.revisions
    assert.deepEqual(
      [await revisions(last - 5), await revisions(last - 3), await revisions(last - 1)],
      [undefined, { before: last - 5 }, { before: last - 3 }],
    )
    assert.equal((await events.story(last))?.event.revision, 3)
  })
})

describe('operations on types', () => {
  it('count the events of each type, on a resting log and over the socket', async (t) => {
    const { on, log, seqs } = await running(t)
    const rows = await on.types.list()
    assert.deepEqual(
      rows.map(({ type, count, last }) => [type, count, last]),
      [
        ['done', 1, seqs.done],
        ['end', 1, seqs.end],
        ['made', 1, seqs.made],
        ['tidings.listener.parked', 1, 10 - seqs.made - seqs.done - seqs.end],
      ],
    )
    assert.deepEqual(await operations(log).types.list(), rows)
    assert.ok(rows.every(({ at }) => !Number.isNaN(Date.parse(at ?? ''))))
  })
})

describe('a look-up by identifier', () => {
  it('finds the latest event of each type, newest first', async (t) => {
    const { on, log, seqs } = await running(t)
    await log.accept([{ type: 'made', identifier: '2', data: null }])
    const found = await on.events.find('1')
    assert.deepEqual(
      found.map(({ type, seq }) => [type, seq]),
      [
        ['end', seqs.end],
        ['done', seqs.done],
        ['made', seqs.made],
      ],
    )
    assert.deepEqual(await operations(log).events.find('1'), found)
    assert.deepEqual(await on.events.find('none'), [])
  })

  it('finds it whatever makes an identity in the log, and how many types there are', async (t) => {
    const log = await memoryLog({ identity: 'identifier' })
    t.after(() => log.close())
    await log.accept(Array.from({ length: 230 }, (_, n) => ({ type: `t${n}`, identifier: `${n}`, data: null })))
    const { events } = operations(log)
    for (const n of [0, 99, 100, 229])
      assert.deepEqual(
        (await events.find(`${n}`)).map(({ type }) => type),
        [`t${n}`],
      )
  })
})
