import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import { type Attention, attentionOf } from '../../../lib/agent/run/attention.ts'
import { start } from '../../../lib/agent/start.ts'
import { Park } from '../../../lib/core/control.ts'
import { type JobContext, job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import type { Log } from '../../../lib/log/port.ts'
import { always, every, manual } from '../../../lib/schedule/index.ts'
import { place, wrap } from '../../support/agent-harness.ts'
import { command } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const GIB = 1024 ** 3

/** What it is about, and the command that helps. */
const named = (all: readonly Attention[]) =>
  all.map(({ kind, job: name, listener: other, count, fix }) => [kind, name ?? other, count, fix])

describe('what needs a person', () => {
  it('is a job that failed in its last run, until it succeeds; and its count and time', async (t) => {
    const { log, clock, begin, end } = await place(t)
    let isDown = true
    const poll = job('poll it', every(10).minutes, () => {
      if (isDown) throw new Error('503')
    })
    const running = await begin([poll, job('fine', every(10).minutes, () => undefined)])
    assert.deepEqual(await running.attention(), [])
    await clock.advance(10 * MINUTE)
    const since = new Date(clock.now()).toISOString()
    const first = { kind: 'job-failing', job: 'poll it', count: 1, since, fix: "tidings jobs history 'poll it'" }
    const what = 'job "poll it" failed in its last run: 503'
    await until(async () => (await running.attention()).length > 0)
    assert.deepEqual(await running.attention(), [{ ...first, what }])
    // `status` reports only what a restart could help.
    assert.deepEqual((await running.status()).problems, [])
    await clock.advance(20 * MINUTE)
    const third = { ...first, count: 3, what: 'job "poll it" failed in its last 3 runs: 503' }
    await until(async () => (await running.attention())[0]?.count === 3)
    assert.deepEqual(await running.attention(), [third])
    await end(running)
    assert.deepEqual(await operationsOf(log).attention(), [third])
    isDown = false
    const again = await begin([poll])
    await again.trigger('poll it')
    await until(async () => (await again.attention()).length === 0)
  })

  it('leaves out a job that a person has paused', async (t) => {
    const { log, begin } = await place(t)
    const running = await begin([
      job('bad', manual(), () => {
        throw new Error('no')
      }),
    ])
    await running.trigger('bad')
    await until(async () => (await running.attention()).length === 1)
    await operationsOf(log, running as never).jobs.pause('bad')
    assert.deepEqual(await running.attention(), [])
  })

  it('is a job that is silent; parked events; a listener that is stuck', async (t) => {
    const { log, clock, begin } = await place(t)
    let polls = 0
    const quiet = job('quiet', every(10).minutes, ({ publish, slot }) => {
      if (++polls <= 12) void publish('seen', slot.toISOString(), null)
    })
    const running = await begin([
      quiet,
      listener('mail', on('letter'), () => {
        throw new Park('no room')
      }),
      listener('slow', on('slow'), () => new Promise(() => undefined), { timeout: '1m' }),
    ])
    for (let i = 0; i < 24; i++) await clock.advance(10 * MINUTE)
    await until(async () => (await running.attention()).length > 0)
    const draft = (type: string, identifier: string) => ({ type, identifier, data: null })
    await log.accept([draft('letter', '1'), draft('letter', '2')])
    await until(async () => (await running.attention()).length > 1)
    const asked = await running.attention()
    assert.deepEqual(named(asked), [
      ['job-silent', 'quiet', undefined, 'tidings jobs history quiet'],
      ['parked', 'mail', 2, 'tidings parked groups mail'],
    ])
    assert.match(asked[0]?.what ?? '', /^job "quiet" has published nothing since 2026-01-01T02:00:00.000Z/)
    await log.accept([draft('slow', '1')])
    for (let i = 0; i < 7; i++) await clock.advance(MINUTE / 2)
    await until(async () => (await running.attention()).some(({ kind }) => kind === 'listener-stuck'))
    assert.deepEqual(JSON.parse(JSON.stringify(asked)), asked)
  })

  it('is a job that holds drafts, or that no longer runs', async (t) => {
    const { log } = await place(t)
    const jobs = [
      { name: 'flood', held: 30, heldSince: '2026-01-01T00:00:00.000Z' },
      { name: 'over', failure: 'no time' },
      { name: 'ahead', restsUntil: '2027-01-01T00:00:00.000Z' },
      { name: 'late', overdue: '2026-01-01T00:00:00.000Z' },
    ]
    const lag = { behind: 3, running: 1, retrying: 0, parked: 0 }
    const listeners = [
      { name: 'ends', failure: 'taken over', ...lag },
      { name: 'far', failure: 'beyond', refused: true as const, ...lag },
    ]
    assert.deepEqual(named(await attentionOf(log, { jobs, listeners })), [
      ['job-stopped', 'ahead', undefined, 'tidings jobs reset ahead'],
      ['job-held', 'flood', 30, 'tidings jobs release flood'],
      ['job-overdue', 'late', undefined, 'tidings jobs history late'],
      ['job-stopped', 'over', undefined, 'tidings jobs reset over'],
      ['listener-failed', 'ends', undefined, undefined],
      ['listener-failed', 'far', undefined, undefined],
    ])
  })

  it('is a disk that is nearly full, or soon is; and a log that has failed, alone', async (t) => {
    const { log } = await place(t)
    const on = (stats: object, state = 'ready'): Log => wrap(log, { state, stats: async () => stats } as never)
    const none = { jobs: [], listeners: [] }
    const told = async (stats: object): Promise<readonly string[]> =>
      (await attentionOf(on(stats), none)).map(({ what }) => what)
    assert.deepEqual(await told({ free: 10 * GIB, growth: { days: 7 }, fullInDays: 100 }), [])
    assert.deepEqual(await told({ free: GIB / 8, growth: { days: 1 } }), ['the disk of the log has 128 MiB left'])
    const soon = 'the disk of the log has 10240 MiB left, and is full in 9 days at its present growth'
    assert.deepEqual(await told({ free: 10 * GIB, growth: { days: 7 }, fullInDays: 9.5 }), [soon])
    assert.deepEqual(await told({ free: 10 * GIB, growth: { days: 1 }, fullInDays: 9.5 }), [])
    const failed = await attentionOf(on({}, 'failed'), { jobs: [{ name: 'a', failure: 'b' }], listeners: [] })
    assert.deepEqual(named(failed), [['log-failed', undefined, undefined, 'tidings db verify']])
  })
})

describe('tidings status', () => {
  it('lists what needs a person, and ends with 1 over it only with --strict', async (t) => {
    const log = await memoryLog()
    const directory = temporaryDirectory(t)
    // Commands look for it before they ask the agent.
    writeFileSync(join(directory, 'MARK'), '')
    const bad = job('bad', manual(), () => {
      throw new Error('503')
    })
    const running = await start(agent('home', [bad]), { log, logger: false, serve: directory })
    t.after(async () => {
      await running.stop()
      await log.close()
    })
    const ask = (...more: string[]) => command('status', '--db', directory, ...more)
    assert.equal((await ask('--strict')).code, 0)
    await running.trigger('bad')
    const said = await until(async () => {
      const answer = await ask()
      return answer.stdout.includes('failed in its last run: 503') && answer
    })
    assert.deepEqual([said.code, said.stderr], [0, ''])
    assert.match(said.stdout, /tidings jobs history bad/)
    const strict = await ask('--strict', '--json')
    assert.equal(strict.code, 1)
    assert.equal((JSON.parse(strict.stdout) as { attention: Attention[] }).attention[0]?.kind, 'job-failing')
  })
})

describe('a run that a person aborts', () => {
  it('ends as abandoned, once, with no retry and no failure counted; the schedule continues', async (t) => {
    const { log, clock, begin } = await place(t)
    let ran = 0
    let reason: unknown
    const hang = ({ signal }: JobContext): Promise<void> | undefined => {
      ran += 1
      signal.addEventListener('abort', () => (reason = signal.reason))
      return ran === 1 ? new Promise(() => undefined) : undefined
    }
    const running = await begin([job('hang', every().hour, hang, { retry: 3 })])
    const { jobs } = operationsOf(log, running as never)
    assert.deepEqual(await jobs.abort('hang'), { name: 'hang', aborted: false })
    await clock.advance(HOUR)
    await until(() => ran === 1)
    assert.deepEqual(
      (await jobs.timeline()).map(({ status, attempt }) => [status, attempt]),
      [['running', 1]],
    )
    assert.deepEqual(await jobs.abort('hang'), { name: 'hang', aborted: true })
    const [row] = await until(async () => {
      const rows = await jobs.history('hang')
      return rows.length > 0 && rows
    })
    assert.equal((reason as { code?: string }).code, 'TIDINGS_RUN_ABORTED')
    assert.deepEqual([row?.status, row?.attempt, row?.error?.code], ['abandoned', 1, 'TIDINGS_RUN_ABORTED'])
    await clock.advance(59 * MINUTE)
    assert.equal(ran, 1)
    assert.deepEqual(await running.attention(), [])
    await clock.advance(MINUTE)
    await until(() => ran === 2)
    await until(async () => (await jobs.history('hang')).length === 2)
    assert.deepEqual(
      (await jobs.timeline()).map(({ status }) => status),
      ['done', 'abandoned'],
    )
    await assert.rejects(jobs.abort('nobody'), { code: 'TIDINGS_LOG_INVALID' })
    assert.deepEqual(await operationsOf(log).jobs.abort('hang'), { name: 'hang', aborted: false })
  })

  it('begins again if it is always()', async (t) => {
    const { log, clock, begin } = await place(t)
    let ran = 0
    const push = job('push', always(), () => {
      ran += 1
      return new Promise<void>(() => undefined)
    })
    const running = await begin([push])
    await until(() => ran === 1)
    const { jobs } = operationsOf(log, running as never)
    assert.equal((await jobs.abort('push')).aborted, true)
    await until(async () => {
      await clock.advance(1000)
      return ran === 2
    })
  })
})

describe('the timeline of all jobs', () => {
  it('has their slots newest first, within its times and its limit', async (t) => {
    const { log, clock, begin } = await place(t)
    const fails = (): never => {
      throw new Error('no')
    }
    const running = await begin([job('a', every().hour, () => undefined), job('b', every(2).hours, fails)])
    for (let i = 0; i < 4; i++) await clock.advance(HOUR)
    const { jobs } = operationsOf(log, running as never)
    await until(async () => (await jobs.timeline()).filter(({ status }) => status !== 'running').length === 6)
    const hours = (rows: Awaited<ReturnType<typeof jobs.timeline>>) =>
      rows.map(({ job: name, slot, status }) => `${name}${slot.slice(11, 13)} ${status}`)
    const all = ['a04 done', 'b04 failed', 'a03 done', 'a02 done', 'b02 failed', 'a01 done']
    assert.deepEqual(hours(await jobs.timeline()), all)
    assert.deepEqual(hours(await jobs.timeline({ limit: 2 })), all.slice(0, 2))
    const since = '2026-01-01T02:00:00Z'
    assert.deepEqual(hours(await jobs.timeline({ since, until: '2026-01-01T03:00:00Z' })), all.slice(2, 5))
    assert.equal((await jobs.timeline())[1]?.error?.message, 'no')
    assert.deepEqual(await operationsOf(log).jobs.timeline(), await jobs.timeline())
    await assert.rejects(jobs.timeline({ since: 'whenever' }), { code: 'TIDINGS_LOG_INVALID' })
  })
})
