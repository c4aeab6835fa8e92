import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RunningAgent } from '../../../lib/agent/run/running-agent.ts'
import { codeOf, operationsOf } from '../../../lib/cli.ts'
import { realEnvironment } from '../../../lib/core/environment.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import {
  agent,
  Cancel,
  eventType,
  every,
  job,
  type Log,
  manual,
  type Operations,
  type Part,
  type TidingsError,
} from '../../../lib/index.ts'
import { type Place, place } from '../../support/agent-harness.ts'

const MINUTE = 60_000
const weather = eventType('weather').of<{ t: number }>({ changed: true })

const look = job(
  'look',
  every(10).minutes,
  async ({ publish, state, slot }) => {
    const seen = (await state.get<number>('seen')) ?? 0
    state.set('seen', seen + 1)
    publish('made', slot.toISOString(), { seen })
    publish('made', 'always the same', 1)
    publish(weather, 'here', { t: seen })
    return { type: 'made', identifier: `returned ${seen}`, data: null }
  },
  { tags: ['weather'], jitter: '30s', timeout: '2m' },
)
const parts: readonly Part[] = [
  look,
  job('hand', manual(), () => undefined),
  job('bad', every().hour, ({ publish }) => {
    publish('made', 'first', 1)
    throw new Error('no luck')
  }),
  job('last', every().hour, () => {
    throw new Cancel('that is all')
  }),
]

/** What a log has: nothing of it may change. */
async function everything(log: Log): Promise<unknown> {
  const state: unknown[] = []
  for (const namespace of ['tidings/jobs', 'tidings/paused-jobs', 'tidings/news', 'job/look', 'job/bad', 'job/last']) {
    for await (const entry of log.store(namespace).list()) state.push([namespace, entry])
  }
  const runs: unknown[] = []
  for (const name of ['look', 'bad', 'last', 'hand']) for await (const run of log.runs(name)) runs.push(run)
  return { last: await log.last(), state, runs }
}

/** Asked of a log on which no agent runs, and of one that runs. */
const ways: Record<string, (here: Place) => Promise<{ jobs: Operations['jobs']; end(): Promise<void> }>> = {
  'whose agent is stopped': async ({ log }) => ({
    jobs: operationsOf(log, undefined, codeOf(agent('spec', parts), log)).jobs,
    end: async () => undefined,
  }),
  'whose agent runs': async ({ log, clock }) => {
    const running = new RunningAgent({
      agent: agent('spec', parts),
      log,
      clock,
      environment: realEnvironment(clock, silentLogger),
      scrub: (text) => text,
      close: async () => undefined,
    })
    await running.add(parts)
    return { jobs: operationsOf(log, running).jobs, end: () => running.stop() }
  },
}

for (const [how, ask] of Object.entries(ways)) {
  describe(`jobs of a log ${how}`, () => {
    it('are run dry: the drafts are shown, and nothing is stored', async (t) => {
      const here = await place(t)
      const first = await here.begin(parts)
      await here.clock.advance(21 * MINUTE)
      await here.end(first)
      const { jobs, end } = await ask(here)
      const before = await everything(here.log)
      const dry = await jobs.dryRun('look')
      assert.deepEqual(
        dry.drafts.map(({ type, identifier, status }) => `${status} ${type} ${identifier}`),
        [
          'new made 2026-01-01T00:21:00.000Z',
          'duplicate made always the same',
          'changed weather here',
          'new made returned 2',
        ],
      )
      assert.deepEqual(dry.drafts[0]?.data, { seen: 2 })
      assert.deepEqual(await everything(here.log), before)
      assert.deepEqual(await jobs.dryRun('look'), dry)
      const bad = await jobs.dryRun('bad')
      assert.deepEqual([bad.drafts.length, bad.error], [1, { name: 'Error', message: 'no luck' }])
      const last = await jobs.dryRun('last')
      assert.deepEqual([last.drafts, last.error, last.reason], [[], undefined, 'that is all'])
      assert.deepEqual(await everything(here.log), before)
      await assert.rejects(jobs.dryRun('nope'), { code: 'TIDINGS_LOG_INVALID' })
      await end()
    })

    it('are listed with their last run, their next run, and the fates of their slots', async (t) => {
      const here = await place(t)
      const first = await here.begin(parts)
      await here.clock.advance(61 * MINUTE)
      await here.end(first)
      const { jobs, end } = await ask(here)
      const [bad, hand, last, looked] = await jobs.list()
      assert.deepEqual([bad?.last?.status, bad?.recent, bad?.succeeded], ['failed', ['failed'], false])
      assert.deepEqual([hand?.schedule, hand?.next, hand?.last, hand?.recent], ['manual', undefined, undefined, []])
      assert.deepEqual(
        [last?.paused, last?.reason, last?.next, last?.recent],
        [true, 'that is all', undefined, ['cancelled']],
      )
      assert.deepEqual([looked?.schedule, looked?.tags], ['every 10 minutes', ['weather']])
      assert.equal(looked?.next, '2026-01-01T01:10:00.000Z')
      assert.equal(looked?.expectedBy, '2026-01-01T01:12:30.000Z')
      assert.deepEqual([looked?.last?.new, looked?.last?.changed, looked?.last?.duplicate], [2, 1, 1])
      assert.deepEqual(looked?.recent, Array(6).fill('done'))
      const history = await jobs.history('look', { limit: 2 })
      assert.deepEqual(
        history.map(({ slot }) => slot.slice(11, 16)),
        ['01:00', '00:50'],
      )
      await assert.rejects(jobs.history('nope'), { code: 'TIDINGS_LOG_INVALID' })
      await end()
    })

    it('report when they run next, counted from when they were first seen', async (t) => {
      const here = await place(t)
      await here.end(await here.begin(parts))
      await here.clock.advance(23 * MINUTE)
      const { jobs, end } = await ask(here)
      const { slots, ...answer } = await jobs.next('look', { limit: 3 })
      assert.deepEqual(answer, { name: 'look', schedule: 'every 10 minutes', paused: false })
      assert.deepEqual(
        slots.map((slot) => slot.slice(11, 16)),
        ['00:30', '00:40', '00:50'],
      )
      assert.equal((await jobs.next('look')).slots.length, 10)
      assert.deepEqual((await jobs.next('hand')).slots, [])
      assert.deepEqual((await jobs.next('look', { limit: 0 })).slots, [])
      await assert.rejects(jobs.next('look', { limit: -1 }), { code: 'TIDINGS_LOG_INVALID' })
      await jobs.pause('look')
      assert.equal((await jobs.next('look')).paused, true)
      await end()
    })
  })
}

describe('jobs of a log without the code of an agent', () => {
  it('have a history; the future is left to the code', async (t) => {
    const here = await place(t)
    const first = await here.begin(parts)
    await here.clock.advance(11 * MINUTE)
    await here.end(first)
    const { jobs } = operationsOf(here.log)
    assert.equal((await jobs.list()).find(({ name }) => name === 'look')?.last?.status, 'done')
    const unknown = { code: 'TIDINGS_AGENT_INVALID', message: /the code of job "look" is unknown: .*give its FILE/ }
    await assert.rejects(jobs.next('look'), unknown)
    await assert.rejects(jobs.dryRun('look'), unknown)
    const other = operationsOf(here.log, undefined, codeOf(agent('other', []), here.log)).jobs
    await assert.rejects(other.next('look'), { message: /the agent has no such job any more/ })
  })

  it('are run dry, and have a next run, before they ever ran', async (t) => {
    const { log } = await place(t)
    const { jobs } = operationsOf(log, undefined, codeOf(agent('spec', parts), log))
    assert.equal((await jobs.dryRun('look')).drafts.length, 4)
    assert.equal((await jobs.next('look', { limit: 1 })).slots[0], '2026-01-01T00:10:00.000Z')
    assert.deepEqual(
      (await jobs.list()).map(({ name, firstSeen, next, tags }) => [name, firstSeen, next, tags]),
      [
        ['bad', undefined, '2026-01-01T01:00:00.000Z', undefined],
        ['hand', undefined, undefined, undefined],
        ['last', undefined, '2026-01-01T01:00:00.000Z', undefined],
        ['look', undefined, '2026-01-01T00:10:00.000Z', ['weather']],
      ],
    )
    const known = { code: 'TIDINGS_LOG_INVALID', details: { known: ['bad', 'hand', 'last', 'look'] } }
    const unknown = ({ code, details }: TidingsError) => {
      assert.deepEqual({ code, details: { known: details.known } }, known)
      return true
    }
    await assert.rejects(jobs.next('nope'), unknown)
    await assert.rejects(jobs.dryRun('nope'), unknown)
    await assert.rejects(jobs.history('look'), { code: 'TIDINGS_LOG_INVALID' })
  })

  it('have slots while they are disabled, which is reported', async (t) => {
    const { log } = await place(t)
    const off = job('off', every().hour, () => undefined, { enabled: false })
    const { jobs } = operationsOf(log, undefined, codeOf(agent('spec', [off]), log))
    const { enabled, slots } = await jobs.next('off', { limit: 2 })
    assert.deepEqual([enabled, slots.length], [false, 2])
    assert.equal((await jobs.list())[0]?.next, undefined)
  })

  it('keep their history under another name', async (t) => {
    const here = await place(t)
    const named = (name: string, formerly?: string): Part =>
      job(name, every(10).minutes, () => undefined, formerly === undefined ? {} : { formerly })
    for (const part of [named('a'), named('b', 'a'), named('c', 'b')]) {
      const running = await here.begin([part])
      await here.clock.advance(20 * MINUTE)
      await here.end(running)
    }
    const { jobs } = operationsOf(here.log)
    const slots = async (limit?: number) =>
      (await jobs.history('c', limit === undefined ? {} : { limit })).map(({ slot }) => slot.slice(11, 16))
    assert.deepEqual(await slots(), ['01:00', '00:50', '00:40', '00:30', '00:20', '00:10'])
    assert.deepEqual(await slots(3), ['01:00', '00:50', '00:40'])
    assert.equal((await jobs.list()).find(({ name }) => name === 'c')?.recent.length, 6)
    assert.equal((await jobs.history('a')).length, 2)
  })

  it('continue after a run cancelled them, once they are resumed', async (t) => {
    const here = await place(t)
    const running = await here.begin(parts)
    await here.clock.advance(60 * MINUTE)
    assert.deepEqual(await operationsOf(here.log).jobs.resume('last'), { name: 'last', paused: false, changed: true })
    await here.end(running)
    await here.begin(parts)
    await here.clock.advance(60 * MINUTE)
    const history = await operationsOf(here.log).jobs.history('last')
    assert.deepEqual(
      history.map(({ status }) => status),
      ['cancelled', 'cancelled'],
    )
  })
})
