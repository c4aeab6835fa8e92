import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentControl } from '../../../lib/agent/run/agent-control.ts'
import { operationsOf } from '../../../lib/cli.ts'
import { firstPer } from '../../../lib/filters.ts'
import {
  agent,
  type Listener,
  type Log,
  listener,
  memoryLog,
  type Operations,
  on,
  operations,
  type ReplayQuestion,
  type Running,
  start,
} from '../../../lib/index.ts'

async function someLog(t: TestContext): Promise<Log> {
  const log = await memoryLog()
  t.after(() => log.close())
  return log
}

async function told(log: Log, identifiers: readonly string[], type = 'note', isTold = true): Promise<void> {
  const drafts = identifiers.map((identifier) => ({ type, identifier, data: null }))
  await log.accept(drafts, isTold ? {} : { told: false })
}

/** Lets an agent with this listener run until it has heard all. */
async function run(log: Log, one: Listener): Promise<void> {
  const running = await start(agent('a', [one]), { log, logger: false })
  await heardAll(running)
  await running.stop()
}

// What is told again waits as a retry does.
async function heardAll(running: Running): Promise<void> {
  await running.drained()
  while ((await running.status()).listeners.some(({ retrying }) => retrying > 0)) await sleep(5)
  await running.drained()
}

async function states({ replay }: Operations, question?: ReplayQuestion): Promise<string[]> {
  const found: string[] = []
  for await (const { seq, type, state, chosen } of replay.list('l', question))
    if (!type.startsWith('tidings.')) found.push(`${seq} ${state}${chosen ? ' *' : ''}`)
  return found
}

describe('replay', () => {
  it('chooses what the listener has never heard, and what is parked; tells each once', async (t) => {
    const log = await someLog(t)
    const heard: string[] = []
    let fails = true
    const one = listener(
      'l',
      on('note'),
      ({ seq }, { key }) => {
        if (seq === 4 && fails) throw new Error('not yet')
        heard.push(`${seq} ${key}`)
      },
      { attempts: 1 },
    )
    await told(log, ['before 1', 'before 2'])
    await run(log, one)
    await told(log, ['c', 'fails'])
    await told(log, ['untold'], 'note', false)
    await told(log, ['e'], 'other')
    await run(log, one)
    assert.deepEqual(
      heard.map((each) => each.split(' ')[0]),
      ['3'],
    )
    const ops = operations(log)
    await ops.listeners.reset('l', { to: 'now', passOver: true })
    await told(log, ['coming'])
    assert.deepEqual(await states(ops), [
      '1 skipped *',
      '2 skipped *',
      '3 heard',
      '4 parked *',
      '5 untold *',
      '6 heard',
      '8 coming',
    ])
    assert.deepEqual(await states(ops, { seqs: '2,4-5', after: 2 }), ['4 parked *', '5 untold *'])
    assert.deepEqual(await states(ops, { parked: true }), ['4 parked *'])
    assert.deepEqual(await states(ops, { identifier: 'c', again: true }), ['3 heard *'])
    assert.deepEqual(await ops.replay.tell('l', [1, 3, 4, 5]), { told: [1, 4, 5], waiting: 3, running: false })
    assert.deepEqual(await ops.replay.tell('l', [1, 3, 4, 5]), { told: [], waiting: 3, running: false })
    assert.deepEqual((await states(ops)).slice(0, 5), ['1 coming', '2 skipped *', '3 heard', '4 coming', '5 coming'])
    fails = false
    await run(log, one)
    assert.deepEqual(new Set(heard.map((each) => each.split(' ')[0])), new Set(['1', '3', '4', '5', '8']))
    assert.equal(heard.length, 5)
    assert.deepEqual((await states(ops)).slice(0, 5), ['1 heard', '2 skipped *', '3 heard', '4 heard', '5 heard'])
  })

  it('tells an event again with another key, and not what the listener does not hear', async (t) => {
    const log = await someLog(t)
    const keys: string[] = []
    const one = listener('l', on('note'), ({ seq }, { key }) => void keys.push(`${seq} ${key}`), { from: 'start' })
    await told(log, ['a'])
    await told(log, ['b'], 'other')
    await run(log, one)
    const { replay } = operations(log)
    assert.deepEqual((await replay.tell('l', [1, 2], { again: true })).told, [1, 2])
    await run(log, one)
    assert.equal(keys.length, 2)
    assert.deepEqual(
      keys.map((each) => each.split(' ')[0]),
      ['1', '1'],
    )
    assert.notEqual(keys[0], keys[1])
  })

  it('knows the types of a listener that runs, and says that it runs', async (t) => {
    const log = await someLog(t)
    await told(log, ['a'])
    await told(log, ['b'], 'other')
    const heard: number[] = []
    const one = listener('l', on('note'), ({ seq }) => void heard.push(seq))
    const running = await start(agent('a', [one]), { log, logger: false })
    t.after(() => running.stop())
    const ops = operationsOf(log, running as unknown as AgentControl)
    assert.deepEqual(await states(ops), ['1 skipped *'])
    assert.deepEqual((await ops.replay.tell('l', [1])).running, true)
    await heardAll(running)
    assert.deepEqual(heard, [1])
  })

  it('keeps what was told under a new name, and forgets it with the listener', async (t) => {
    const log = await someLog(t)
    await told(log, ['a', 'b'])
    await run(
      log,
      listener('l', on('note'), () => undefined),
    )
    const ops = operations(log)
    await ops.replay.tell('l', [1])
    await ops.listeners.rename('l', 'm')
    await ops.listeners.rename('m', 'l')
    await run(
      log,
      listener('l', on('note'), () => undefined),
    )
    assert.deepEqual(await states(ops), ['1 heard', '2 skipped *'])
    await ops.listeners.remove('l')
    await run(
      log,
      listener('l', on('note'), () => undefined),
    )
    assert.deepEqual(await states(ops), ['1 skipped *', '2 skipped *'])
  })

  it('shows which events the verdict of a filter keeps from the handler', async (t) => {
    const log = await someLog(t)
    await told(log, ['a', 'b'])
    const one = listener('l', on('note').pipe(firstPer('type', { every: '1h' })), () => undefined, { from: 'start' })
    await run(log, one)
    const found: unknown[] = []
    for await (const { seq, filtered } of operations(log).replay.list('l', { again: true })) found.push([seq, filtered])
    assert.deepEqual(found, [
      [1, false],
      [2, true],
    ])
  })

  it('rejects unknown listeners and events, and wrong seqs; then tells nothing', async (t) => {
    const log = await someLog(t)
    await told(log, ['a'])
    await run(
      log,
      listener('l', on('note'), () => undefined),
    )
    const { replay } = operations(log)
    await assert.rejects(replay.tell('x', [1]), { code: 'TIDINGS_LOG_INVALID' })
    await assert.rejects(replay.tell('l', [1, 2]), { code: 'TIDINGS_LOG_INVALID' })
    assert.deepEqual(await states(operations(log)), ['1 skipped *'])
    for (const seqs of ['', '0', '2', '3-1', '1;2', '1-', 'x'])
      await assert.rejects(states(operations(log), { seqs }), { code: 'TIDINGS_LOG_INVALID' }, seqs)
  })
})
