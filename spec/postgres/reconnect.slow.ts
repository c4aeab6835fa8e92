import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../lib/core/clock.ts'
import { TidingsError } from '../../lib/core/errors.ts'
import { limitsOf } from '../../lib/core/limits.ts'
import { createPostgresLog } from '../../lib/postgres/create-postgres-log.ts'
import type { PostgresLog } from '../../lib/postgres/postgres-log.ts'
import { Session } from '../../lib/postgres/session.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { ask } from './schemas.ts'
import { type SharedLog, sharedLog } from './shared-log.ts'

const never = new AbortController().signal
const draft = (identifier: string) => ({ type: 'it', identifier, data: null })

describe('a connection that breaks again while the log reconnects', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  interface Fragile {
    readonly log: PostgresLog
    readonly shared: SharedLog
    /** Breaks the connections. The answer to statement `nth` after the next reconnect is lost, and `then` is done. */
    breaks(nth: number, then?: () => Promise<unknown>): Promise<void>
  }

  async function fragile(t: TestContext): Promise<Fragile> {
    const shared = sharedLog(t, cluster)
    const { id, agent: other } = await shared.open()
    const agent = crypto.randomUUID()
    const session = new Session({
      address: `${cluster.address}&application_name=${agent}`,
      schema: shared.schema,
      agent,
      lease: 10_000,
      dates: undefined,
      warn: () => undefined,
    })
    await session.open()
    const opened = { id, identity: 'type', clock: systemClock, limits: limitsOf({}) } as const
    const log = createPostgresLog(session, opened)
    t.after(() => log.close())
    assert.notEqual(other, agent)
    const { onReconnected } = session
    return {
      log,
      shared,
      async breaks(nth, then) {
        let left = nth
        let isLost = false
        session.onReconnected = (write, isOther) =>
          onReconnected(async (text, values) => {
            const rows = await write(text, values)
            left -= 1
            if (isLost || left >= 0) return rows
            isLost = true
            await then?.()
            throw new TidingsError('TIDINGS_LOG_FAILED', 'the answer is lost')
          }, isOther)
        await ask(
          cluster.address,
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
          [agent],
        )
        await until(() => session.state === 'failed', 'the connection to break')
        await until(() => session.state === 'ready', 'the log to be connected again')
        assert.equal(isLost, true, 'an answer was lost')
      },
    }
  }

  // Each statement of a reconnect in turn: the hold, and its sweep; two consumers, each with its number.
  for (const nth of [0, 1, 2, 3, 4, 5])
    it(`keeps what the agent has: the answer to statement ${nth + 1} is lost`, async (t) => {
      const { log, breaks } = await fragile(t)
      const hold = await log.hold('job/poll', never)
      const consumer = await log.consumer('mail', { start: 'start' })
      const steered = await log.consumer('chat', { start: 'start' })
      await log.accept([draft('a'), draft('b')])
      const [first] = await consumer.pull(1, never)
      assert.ok(first !== undefined)
      const held = await consumer.hold(never)
      await breaks(nth)
      await breaks(nth)
      assert.equal(hold?.lost.aborted, false)
      assert.equal(held?.lost.aborted, false)
      await hold.log?.store('n').set('k', 1)
      consumer.ack(first, [{ namespace: 'heard', key: 'k', value: 1 }])
      await consumer.flush()
      await steered.flush()
      assert.equal((await log.store('heard').get('k'))?.revision, 1, 'it is stored once')
      assert.equal((await consumer.pull(1, never))[0]?.event.identifier, 'b')
      assert.equal((await steered.pull(1, never))[0]?.event.identifier, 'a')
    })

  for (const [how, gives] of [
    ['has', false],
    ['has had', true],
  ] as const)
    it(`gives up what another agent ${how} in between`, async (t) => {
      const { log, shared, breaks } = await fragile(t)
      const hold = await log.hold('job/poll', never)
      const consumer = await log.consumer('mail', { start: 'start' })
      await log.accept([draft('a')])
      const [handed] = await consumer.pull(1, never)
      assert.ok(handed !== undefined)
      const held = await consumer.hold(never)
      const other = await shared.open()
      await breaks(0, async () => {
        await shared.expire(log)
        const taken = await other.hold('job/poll', never)
        assert.ok(taken !== undefined)
        const mail = await other.consumer('mail', { start: 'start' })
        assert.equal((await mail.pull(1, never))[0]?.event.identifier, 'a')
        if (gives) await Promise.all([taken.release(), other.close()])
      })
      assert.equal(hold?.lost.aborted, true)
      assert.equal(held?.lost.aborted, true)
      consumer.ack(handed, [{ namespace: 'heard', key: 'k', value: 1 }])
      await consumer.flush().catch(() => undefined)
      assert.equal(await log.store('heard').get('k'), undefined, 'nothing is stored')
    })
})
