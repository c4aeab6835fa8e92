import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import { type Operations, operationsOf } from '../../../lib/agent/operations/operations.ts'
import type { ParkedAnswer, ParkedBulk } from '../../../lib/agent/operations/parked.ts'
import { controlOf, start } from '../../../lib/agent/start.ts'
import { TidingsError } from '../../../lib/core/errors.ts'
import { job } from '../../../lib/job/job.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import type { Consumer } from '../../../lib/log/port.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { list, take } from '../../../lib/testing/log-bench.ts'
import { place } from '../../support/agent-harness.ts'

const FULL = Object.assign(new Error('no room'), { name: 'FullError', code: 'ENOSPC' })

/** A log whose listener has parked so many events: two of three as full, the others for another reason. */
async function parkedLog(t: TestContext, count: number) {
  const { log, clock, begin } = await place(t)
  const consumer = await log.consumer('mail', { start: 'start' })
  for (let from = 0; from < count; from += 500) await parkSome(log, consumer, from, Math.min(500, count - from))
  return { log, clock, begin, ...operationsOf(log) }
}

async function parkSome(log: LevelLog, consumer: Consumer, from: number, count: number): Promise<void> {
  const draftOf = (n: number) => ({ type: n % 2 === 0 ? 'even' : 'odd', identifier: String(n), data: { n } })
  await log.accept(Array.from({ length: count }, (_, i) => draftOf(from + i)))
  for (const handed of await take(consumer, count)) {
    const isFull = (handed.event.seq - 1) % 3 !== 0
    consumer.park(handed, { error: isFull ? FULL : new TypeError('not a letter') })
  }
  await consumer.flush()
}

const seqsIn = async ({ parked }: Operations): Promise<number[]> => (await list(parked.list())).map(({ seq }) => seq)

/** Counts, takes, and compares. */
async function taken({ parked }: Operations, what: 'retry' | 'drop', match: ParkedBulk): Promise<ParkedAnswer> {
  const counted = await parked[what]('mail', undefined, { ...match, dryRun: true })
  const answer = await parked[what]('mail', undefined, match)
  assert.deepEqual(counted, { ...answer, dryRun: true })
  return answer
}

describe('parked events', () => {
  it('are counted by error and type, and 3 000 of them released by group: exactly those that were counted', async (t) => {
    const { log, begin, ...resting } = await parkedLog(t, 3000)
    const groups = await resting.parked.groups()
    assert.deepEqual(
      groups.map(({ listener: name, error, code, type, count, newest, message }) => [
        name,
        error,
        code,
        type,
        count,
        newest,
        message,
      ]),
      [
        ['mail', 'FullError', 'ENOSPC', 'even', 1000, 2999, 'no room'],
        ['mail', 'FullError', 'ENOSPC', 'odd', 1000, 3000, 'no room'],
        ['mail', 'TypeError', undefined, 'even', 500, 2995, 'not a letter'],
        ['mail', 'TypeError', undefined, 'odd', 500, 2998, 'not a letter'],
      ],
    )
    const heard: number[] = []
    const mail = listener('mail', on('*'), ({ seq }) => void heard.push(seq), { ordered: false })
    const running = await begin([mail, job('idle', manual(), () => undefined)])
    const asked = operationsOf(log, running as never)
    assert.deepEqual(await asked.parked.groups({ listener: 'mail' }), groups)
    const answer = await taken(asked, 'retry', { error: 'FullError' })
    assert.deepEqual(answer, { listener: 'mail', count: 2000, dryRun: false, scanned: 3000 })
    // What was released is due at once, and a drain does not wait for it.
    while (heard.length < 2000) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(heard.every((seq) => (seq - 1) % 3 !== 0))
    assert.equal(new Set(heard).size, 2000)
    assert.deepEqual(
      (await asked.parked.groups()).map(({ error, type, count }) => [error, type, count]),
      [
        ['TypeError', 'even', 500],
        ['TypeError', 'odd', 500],
      ],
    )
  })

  it('are dropped by seq, code, type, data, and by when they were parked', async (t) => {
    const { clock, log, ...asked } = await parkedLog(t, 12)
    assert.equal((await taken(asked, 'drop', { seqs: [1, 2, 99] })).count, 2)
    assert.equal((await taken(asked, 'drop', { code: 'ENOSPC', type: 'even' })).count, 4)
    assert.deepEqual(await seqsIn(asked), [4, 6, 7, 8, 10, 12])
    assert.equal((await taken(asked, 'drop', { code: '', before: '5' })).count, 1)
    assert.equal((await taken(asked, 'drop', { where: 'data.n >= 9' })).count, 2)
    assert.deepEqual(await seqsIn(asked), [6, 7, 8])
    await clock.advance(60_000)
    await parkSome(log, await log.consumer('mail', { start: 'now' }), 100, 1)
    assert.equal((await taken(asked, 'drop', { before: '30s' })).count, 3)
    assert.deepEqual(await seqsIn(asked), [13])
    await assert.rejects(asked.parked.drop('mail', undefined, { where: 'data.n >' }), { code: 'TIDINGS_LOG_INVALID' })
    await assert.rejects(asked.parked.drop('nobody', undefined, { type: 'odd' }), { code: 'TIDINGS_LOG_INVALID' })
  })

  it('are taken a bounded number at a time, from where the last answer ended', async (t) => {
    const asked = await parkedLog(t, 12)
    const { retry } = asked.parked
    const first = await retry('mail', undefined, { type: 'even', scan: 5 })
    assert.deepEqual(first, { listener: 'mail', count: 3, dryRun: false, scanned: 5, next: 5 })
    const second = await retry('mail', undefined, { type: 'even', after: 5 })
    assert.deepEqual(second, { listener: 'mail', count: 3, dryRun: false, scanned: 7 })
    assert.deepEqual(await seqsIn(asked), [2, 4, 6, 8, 10, 12])
  })

  it('are shown and taken one by one, or all, by their seqs', async (t) => {
    const asked = await parkedLog(t, 4)
    const { parked } = asked
    assert.equal((await parked.show('mail', 2))?.error.code, 'ENOSPC')
    assert.equal(await parked.show('mail', 5), undefined)
    assert.deepEqual(await parked.drop('mail', 2), [2])
    assert.deepEqual(await parked.drop('mail', 2), [])
    assert.deepEqual(await seqsIn(asked), [1, 3, 4])
    assert.deepEqual(
      (await list(parked.list({ listener: 'mail', error: 'FullError', limit: 1 }))).map(({ seq }) => seq),
      [3],
    )
    assert.deepEqual(
      (await list(parked.list({ after: 1 }))).map(({ seq }) => seq),
      [3, 4],
    )
    assert.deepEqual(await parked.retry('mail'), [1, 3, 4])
    assert.deepEqual(await seqsIn(asked), [])
    const rows = await asked.retrying.list()
    assert.deepEqual(
      rows.map(({ listener: name, seq, attempts, error }) => [name, seq, attempts, error]),
      [1, 3, 4].map((seq) => ['mail', seq, 0, undefined]),
    )
  })
})

describe('events that wait for another attempt', () => {
  it('are taken by their seq only if they match, and not at all if that is a question', async (t) => {
    const { parked } = await parkedLog(t, 4)
    const full = { error: 'FullError' }
    const answers = [
      await parked.drop('mail', 2, { dryRun: true }),
      await parked.drop('mail', 1, full),
      await parked.drop('mail', 9, { dryRun: true }),
      await parked.drop('mail', 2, { seqs: [1, 3] }),
      await parked.drop('mail', 2, full),
    ]
    assert.deepEqual(
      answers.map(({ count, dryRun, next }) => [count, dryRun, next]),
      [
        [1, true],
        [0, false],
        [0, true],
        [0, false],
        [1, false],
      ].map((each) => [...each, undefined]),
    )
    await assert.rejects(parked.retry('mail', 1, { where: 'data.n = ' }), { code: 'TIDINGS_LOG_INVALID' })
    assert.deepEqual(
      (await list(parked.list())).map(({ seq }) => seq),
      [1, 3, 4],
    )
  })

  it('are listed with their error and the time of the next attempt', async (t) => {
    const { log, begin, clock } = await place(t)
    const fails = (): never => {
      throw new Error('later')
    }
    const options = { backoff: { min: 60_000, max: 60_000 }, ordered: false } as const
    const running = await begin([listener('a', on('x'), fails, options), listener('b', on('y'), fails, options)])
    await log.accept(['x', 'x', 'y'].map((type, i) => ({ type, identifier: String(i), data: null })))
    await running.drained()
    const { retrying } = operationsOf(log, running as never)
    const rows = await retrying.list()
    assert.deepEqual(
      rows.map(({ listener: name, seq, type, attempts, error }) => [name, seq, type, attempts, error]),
      [
        ['a', 1, 'x', 1, { name: 'Error', message: 'later' }],
        ['a', 2, 'x', 1, { name: 'Error', message: 'later' }],
        ['b', 3, 'y', 1, { name: 'Error', message: 'later' }],
      ],
    )
    assert.ok(rows.every(({ at }) => Date.parse(at) > clock.now()))
    assert.deepEqual(await retrying.list({ listener: 'a', limit: 1 }), rows.slice(0, 1))
    await assert.rejects(retrying.list({ listener: 'nobody' }), { code: 'TIDINGS_LOG_INVALID' })
  })
})

describe('what parked an event', () => {
  it('is known with the state of the listener and the calls of the last attempt, without secrets', async (t) => {
    const { log, clock } = await place(t)
    const world = {
      fetch: async () => new Response('', { status: 422 }),
      exec: () => Promise.reject(new TidingsError('TIDINGS_EXEC_FAILED', 'git failed')),
      secret: () => 'hunter2hunter2',
    }
    const mail = listener(
      'mail',
      on('made'),
      async ({ data }, { fetch, exec, state, secret, attempt }) => {
        state.set('last', `by ${secret('TOKEN')}`)
        state.set('apiKey', 'of the service')
        if (data === null) return
        await fetch(`https://${secret('TOKEN')}.example/letters?to=me`, { method: 'POST' })
        if (attempt === 1) throw new Error('the first attempt')
        await exec('git', ['log'])
      },
      { attempts: 2, backoff: { min: 1, max: 1 } },
    )
    const running = await start(agent('spec', [mail]), { log, clock, world, logger: false })
    const draft = (identifier: string, data: unknown) => ({ type: 'made', identifier, data })
    await log.accept([draft('1', null), draft('2', { by: 'hunter2hunter2', Authorization: 'Basic x', n: 3 })])
    await running.drained()
    await clock.advance(1000)
    await running.drained()
    const { parked } = operationsOf(log, controlOf(running))
    const found = await parked.exchange('mail', 2)
    assert.deepEqual(found?.event.data, { by: '[secret]', Authorization: '[secret]', n: 3 })
    assert.deepEqual(found.state, { last: 'by [secret]', apiKey: '[secret]' })
    assert.deepEqual(found.calls, [
      { method: 'POST', host: '[secret].example', status: 422 },
      { method: 'exec', host: 'git', failed: true },
    ])
    assert.deepEqual([found.attempts, found.error.code], [2, 'TIDINGS_EXEC_FAILED'])
    assert.equal(await parked.exchange('mail', 1), undefined)
    await running.stop()
    // The announcement is in the log, also for those who come later.
    assert.deepEqual((await operationsOf(log).parked.exchange('mail', 2))?.calls, found.calls)
  })
})
