import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import { start } from '../../../lib/agent/start.ts'
import { Park } from '../../../lib/core/control.ts'
import type { World } from '../../../lib/core/world.ts'
import { crossed, gt } from '../../../lib/filters.ts'
import { type EventOf, eventType, where } from '../../../lib/index.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { type Delivery, type Listener, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'

const SECRET = 'a-secret-value'

/** An agent with one listener, in a world that answers 201, except on one host. */
async function running(t: TestContext, hear: Listener) {
  const clock = virtualClock()
  const log = await memoryLog({ clock })
  const world: Partial<World> = {
    fetch: async (input) => {
      if (input === 'https://broken.example/') throw new TypeError('fetch failed')
      return new Response('made', { status: 201 })
    },
    exec: async () => ({ stdout: '', stderr: '' }),
    secret: () => SECRET,
  }
  const began = await start(agent('spec', [hear]), { log, clock, logger: false, world })
  t.after(async () => {
    await began.stop()
    await log.close()
  })
  const publish = (...values: readonly number[]) =>
    log.accept(values.map((value) => ({ type: 'it', identifier: String(value), data: { value } })))
  return { clock, log, publish, drained: () => began.drained(), ...operationsOf(log, began as never) }
}

const told = eventType('it').of<{ value: number }>()

describe('the newest deliveries to a listener', () => {
  it('tell the outcome of each attempt, what it took, its error without secrets, and its calls', async (t) => {
    const handle = async (
      { data }: EventOf<typeof told>,
      { attempt, fetch, exec, secret }: Delivery,
    ): Promise<void> => {
      await fetch(new Request('https://api.example:8443/a?key=hidden', { method: 'PUT' }))
      await exec('/bin/notify', ['hidden'])
      if (data.value === 2 && attempt === 1) throw Object.assign(new Error(`no ${secret('T')}`), { code: 'E_NO' })
      if (data.value === 3) throw new Park('never')
      if (data.value === 4) await fetch('https://broken.example/')
    }
    const source = on(told).pipe(where('data.value', gt(0)))
    const hear = listener('hear', source, handle, { attempts: 2, backoff: { min: 1000, max: 1000 } })
    const { clock, listeners, publish, drained } = await running(t, hear)
    await publish(0, 1, 2, 3, 4)
    await drained()
    await clock.advance(1000)
    await drained()
    const rows = await listeners.deliveries('hear')
    assert.deepEqual(
      rows.map(({ identifier, attempt, outcome, error }) => [identifier, attempt, outcome, error?.message]),
      [
        ['4', 2, 'parked', 'fetch failed'],
        ['2', 2, 'handled', undefined],
        ['4', 1, 'retry', 'fetch failed'],
        ['3', 1, 'parked', 'never'],
        ['2', 1, 'retry', 'no [secret]'],
        ['1', 1, 'handled', undefined],
        ['0', 1, 'passed', undefined],
      ],
    )
    const put = { method: 'PUT', host: 'api.example:8443', status: 201, ms: 0 }
    const ran = { method: 'exec', host: '/bin/notify', ms: 0 }
    const [parked, , , , retried, , passed] = rows
    assert.deepEqual(parked?.calls, [put, ran, { method: 'GET', host: 'broken.example', ms: 0 }])
    assert.deepEqual(retried?.error, { name: 'Error', message: 'no [secret]', code: 'E_NO' })
    assert.deepEqual(passed, { ...passed, seq: 1, type: 'it', at: new Date(clock.now() - 1000).toISOString(), ms: 0 })
    assert.equal(passed?.calls, undefined)
    assert.ok(!JSON.stringify(rows).includes('hidden'))
    assert.deepEqual(JSON.parse(JSON.stringify(rows)), rows)
    assert.deepEqual(await listeners.deliveries('hear', { limit: 2 }), rows.slice(0, 2))
  })

  it('are the last 256, and count what was handled in the last five minutes', async (t) => {
    const hear = listener('hear', on('it'), () => undefined)
    const { clock, listeners, publish, drained } = await running(t, hear)
    await publish(...Array.from({ length: 300 }, (_, i) => i))
    await drained()
    const rows = await listeners.deliveries('hear')
    assert.deepEqual(
      rows.map(({ seq }) => seq),
      Array.from({ length: 256 }, (_, i) => 300 - i),
    )
    const rate = async (): Promise<number | undefined> => (await listeners.list())[0]?.rate
    assert.equal(await rate(), 60)
    await clock.advance(5 * 60_000)
    assert.equal(await rate(), 60)
    await clock.advance(60_000)
    assert.equal(await rate(), 0)
  })

  it('tell of events that a filter with a memory has dropped', async (t) => {
    const hear = listener('hear', on(told).pipe(crossed('data.value', 10)), () => undefined)
    const { listeners, publish, drained } = await running(t, hear)
    await publish(1, 2, 20)
    await drained()
    assert.deepEqual(
      (await listeners.deliveries('hear')).toSorted((a, b) => a.seq - b.seq).map(({ seq, outcome }) => [seq, outcome]),
      [
        [1, 'passed'],
        [2, 'passed'],
        [3, 'handled'],
      ],
    )
  })

  it('are not known without a running agent, and those of an unknown listener are refused', async (t) => {
    const { log } = await running(
      t,
      listener('hear', on('it'), () => undefined),
    )
    const { listeners } = operationsOf(log)
    assert.deepEqual(await listeners.deliveries('hear'), [])
    await assert.rejects(listeners.deliveries('nobody'), { code: 'TIDINGS_LOG_INVALID' })
  })

  it('say how long a call lasted that its delivery did not wait for', async () => {
    const handle = (_: unknown, { fetch }: Delivery): Promise<unknown> => {
      void fetch('https://slow.example/').catch(() => undefined)
      return new Promise(() => undefined)
    }
    const clock = virtualClock()
    const log = await memoryLog({ clock })
    const hear = listener('hear', on('it'), handle, { attempts: 1, timeout: '5s' })
    const world: Partial<World> = { fetch: () => new Promise(() => undefined) }
    const began = await start(agent('spec', [hear]), { log, clock, logger: false, world })
    await log.accept([{ type: 'it', identifier: '1', data: null }])
    const { listeners } = operationsOf(log, began as never)
    while ((await listeners.deliveries('hear')).length === 0) await clock.advance(1000)
    const [row] = await listeners.deliveries('hear')
    assert.equal(row?.outcome, 'parked')
    assert.deepEqual(row?.calls, [{ method: 'GET', host: 'slow.example', ms: row?.ms }])
    assert.ok((row?.ms ?? 0) >= 5000)
    await began.stop()
    await log.close()
  })
})
