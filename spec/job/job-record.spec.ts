import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { operationsOf } from '../../lib/agent/operations/operations.ts'
import { operations } from '../../lib/agent/peers/operations-on.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { type JobContext, job, type Run } from '../../lib/job/job.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { cron, every, type Schedule } from '../../lib/schedule/index.ts'
import { type Place, place } from '../support/agent-harness.ts'
import { recorder } from './recorder.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const utc = (expression: string): Schedule => cron(expression, { timezone: 'UTC' })

const made = eventType('made').of<{ n: number }>()

/** The identifiers of all events that a new listener from the start receives. */
async function deliveredFromStart(here: Place): Promise<string[]> {
  const heard: string[] = []
  const running = await here.begin([
    listener('hear', on(made), ({ identifier }) => void heard.push(identifier), { from: 'start' }),
  ])
  await here.clock.advance(100)
  await here.end(running)
  return heard
}

describe('a job whose schedule changed', () => {
  it('begins now: it has no slots before, whatever `missed` says', async (t) => {
    for (const missed of ['once', 'all'] as const) {
      const here = await place(t)
      const { slots, of } = recorder(here)
      const first = await here.begin([of(utc('0 3 * * *'), { missed })])
      await here.clock.advance(4 * HOUR)
      await here.end(first)
      await here.clock.advance(8 * HOUR)
      const second = await here.begin([of(utc('0 10 * * *'), { missed })])
      await here.clock.advance(HOUR)
      assert.deepEqual(slots, ['2026-01-01T03:00:00'])
      await here.end(second)
      await here.begin([of(every(5).minutes, { missed })])
      await here.clock.advance(11 * MINUTE)
      assert.equal(slots.length, 3)
    }
  })

  it('begins now when it is enabled again', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here)
    await here.end(await here.begin([of(utc('0 * * * *'), { missed: 'all' })]))
    const off = await here.begin([of(utc('0 * * * *'), { missed: 'all', enabled: false })])
    await here.clock.advance(5.5 * HOUR)
    await here.end(off)
    await here.begin([of(utc('0 * * * *'), { missed: 'all' })])
    await here.clock.advance(HOUR)
    assert.deepEqual(slots, ['2026-01-01T06:00:00'])
  })
})

describe('a clock that was ahead', () => {
  it('leaves a job resting, which status reports; reset begins the job now', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here)
    const part = of(utc('0 * * * *'))
    const first = await here.begin([part])
    await here.clock.advance(2 * HOUR + MINUTE)
    here.clock.step(300 * DAY)
    await here.clock.advance(MINUTE)
    await here.end(first)
    here.clock.step(-300 * DAY)
    const running = await here.begin([part])
    await here.clock.advance(3 * HOUR)
    assert.equal(slots.length, 3)
    const { jobs, problems } = await running.status()
    assert.equal(jobs[0]?.next?.toISOString().slice(0, 13), '2026-10-28T03')
    assert.match(problems.join(), /job "j" rests until 2026-10-28T03.*tidings jobs reset j/)
    const { before, begins } = await operationsOf(here.log, running as never).jobs.reset('j')
    assert.equal(before?.slice(0, 13), '2026-10-28T02')
    assert.equal(begins.slice(0, 13), '2026-01-01T05')
    await here.clock.advance(HOUR)
    assert.equal(slots[3], '2026-01-01T06:00:00')
    assert.deepEqual((await running.status()).problems, [])
  })

  it('by a minute has no effect', async (t) => {
    const here = await place(t)
    const { of } = recorder(here)
    const first = await here.begin([of(utc('* * * * *'))])
    await here.clock.advance(5 * MINUTE)
    await here.end(first)
    here.clock.step(-5 * MINUTE)
    const running = await here.begin([of(utc('* * * * *'))])
    await here.clock.advance(0)
    assert.deepEqual((await running.status()).problems, [])
  })
})

describe('formerly', () => {
  it('moves slots and state to the new name and back: no slot runs twice', async (t) => {
    const here = await place(t)
    const { slots, of } = recorder(here, async ({ state }) => state.set('n', ((await state.get<number>('n')) ?? 0) + 1))
    for (const [name, formerly] of [['a'], ['b', 'a'], ['a', 'b']] as const) {
      const part = of(utc('*/10 * * * *'), formerly === undefined ? {} : { formerly }, name)
      const running = await here.begin([part])
      await here.clock.advance(10 * MINUTE)
      await here.end(running)
    }
    assert.deepEqual(slots, ['2026-01-01T00:10:00', '2026-01-01T00:20:00', '2026-01-01T00:30:00'])
    assert.equal((await here.log.store('job/a').get('n'))?.value, 3)
    assert.deepEqual(here.notes.said('orphaned job: the log knows it, the agent does not'), [])
  })

  it('is reported if it does nothing; the older name is an orphan until it is removed', async (t) => {
    const here = await place(t)
    const { of } = recorder(here)
    await here.end(await here.begin([of(every(1).hour, {}, 'a'), of(every(1).hour, {}, 'b')]))
    await here.end(await here.begin([of(every(1).hour, { formerly: 'a' }, 'b')]))
    const warned = here.notes.lines.filter(({ level }) => level === 'warn')
    assert.deepEqual(
      warned.map(({ words, fields }) => [words.slice(0, 22), fields.job]),
      [
        ['orphaned job: the log ', 'a'],
        ['formerly does nothing:', 'b'],
      ],
    )
    const { jobs } = operationsOf(here.log)
    assert.deepEqual(await jobs.remove('a'), { name: 'a' })
    await assert.rejects(jobs.remove('a'), { code: 'TIDINGS_LOG_INVALID' })
    here.notes.lines.length = 0
    const running = await here.begin([of(every(1).hour, { formerly: 'a' }, 'b')])
    assert.deepEqual(
      here.notes.lines.filter(({ level }) => level === 'warn'),
      [],
    )
    await assert.rejects(operationsOf(here.log, running as never).jobs.remove('b'), { code: 'TIDINGS_AGENT_INVALID' })
  })

  it('takes over the state, the slots and the first run of the older name, once', async (t) => {
    const here = await place(t)
    const minutes: number[] = []
    const start = here.clock.now()
    const run: Run = async ({ state, slot }: JobContext) => {
      const n = ((await state.get<number>('n')) ?? 0) + 1
      state.set('n', n)
      minutes.push((slot.getTime() - start) / 60_000)
      return made(`${n}`, { n })
    }
    const old = await here.begin([job('old', every(10).minutes, run)])
    await here.clock.advance(14 * 60_000)
    await here.end(old)
    const renamed = job('new', every(10).minutes, run, { formerly: 'old', first: 'record' })
    const running = await here.begin([renamed])
    await here.clock.advance(10 * 60_000)
    await here.end(running)
    await here.begin([renamed])
    await here.clock.advance(10 * 60_000)
    assert.deepEqual(minutes, [10, 20, 30])
    assert.deepEqual(
      (await here.events()).map(({ identifier }) => identifier),
      ['1', '2', '3'],
    )
    // Not the first run of the job: its events are told.
    const heard = await deliveredFromStart(here)
    assert.deepEqual(heard, ['1', '2', '3'])
  })

  it('stays paused, or cancelled, under its new name', async (t) => {
    const here = await place(t)
    let runs = 0
    const run = (): void => void (runs += 1)
    await here.end(await here.begin([job('old', every(10).minutes, run)]))
    await operations(here.log).jobs.pause('old')
    const running = await here.begin([job('new', every(10).minutes, run, { formerly: 'old' })])
    await here.clock.advance(60 * 60_000)
    assert.deepEqual([runs, (await running.status()).jobs[0]?.paused], [0, true])
  })
})
