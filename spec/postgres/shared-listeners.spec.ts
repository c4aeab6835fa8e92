import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, type Delivery, listener, on, type Part, start } from '../../lib/index.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { LONG, sharedLog } from './shared-log.ts'

describe('a listener of agents that share a log', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster()))
  after(() => cluster.remove())

  function shared(t: TestContext) {
    const { open, expire, die } = sharedLog(t, cluster, LONG)
    const run = async (...parts: Part[]) => {
      const log = await open()
      const running = await start(agent('home', parts), { log, logger: false })
      t.after(() => running.stop())
      return { log, running }
    }
    return { run, expire, die }
  }

  const draft = (identifier: string) => ({ type: 'it', identifier, data: null })

  it('is handled by one of them; the others stand by, report no problem, and take over when it stops', async (t) => {
    const { run } = shared(t)
    const heard: string[] = []
    const hear = (who: string) =>
      listener('hear', on('it'), ({ identifier }) => void heard.push(`${who} ${identifier}`))
    const one = await run(hear('one'))
    const other = await run(hear('other'))
    await one.log.accept([draft('a')])
    await one.running.drained()
    await other.running.drained()
    const { listeners, problems } = await other.running.status()
    assert.deepEqual([listeners[0]?.standby, problems], [true, []])
    assert.equal((await one.running.status()).listeners[0]?.standby, undefined)
    await one.running.stop()
    await other.log.accept([draft('b')])
    await until(() => heard.length === 2, 'the other to take over')
    assert.deepEqual(heard, ['one a', 'other b'])
  })

  it('ends its deliveries when the agent has lost it, and what they publish is refused', async (t) => {
    const { run, expire } = shared(t)
    let entered: (context: Delivery) => void = () => undefined
    const entering = new Promise<Delivery>((resolve) => (entered = resolve))
    let left: () => void = () => undefined
    const ended: unknown[] = []
    const slow = listener('hear', on('it'), async (_, context) => {
      entered(context)
      await new Promise<void>((resolve) => (left = resolve))
      await context.publish('answer', 'of the first', 1).catch((error: { code?: string }) => ended.push(error.code))
    })
    const one = await run(slow)
    await one.log.accept([draft('a')])
    const { signal } = await entering
    const heard: string[] = []
    const other = await run(
      listener('hear', on('it'), async ({ identifier }, { publish }) => {
        heard.push(identifier)
        await publish('answer', 'of the other', 2)
      }),
    )
    // Again and again: it says that it lives.
    await until(async () => (await expire(one.log), heard.length === 1), 'the other to handle the event')
    // The first learns of it with its next write.
    left()
    await until(() => ended.length === 1, 'its publish to be refused')
    await until(() => signal.aborted, 'its delivery to end')
    await other.running.drained()
    const answers: string[] = []
    for await (const { identifier } of other.log.events({ types: ['answer'] })) answers.push(identifier)
    assert.deepEqual(answers, ['of the other'])
  })

  it('comes back to the first when the other dies, with every event handled and none twice', async (t) => {
    const { run, die } = shared(t)
    const heard: string[] = []
    const hear = listener('hear', on('it'), ({ identifier }) => void heard.push(identifier))
    const [one, other] = [await run(hear), await run(hear)]
    const sent: string[] = []
    const send = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        sent.push(`${sent.length}`)
        await one.log.accept([draft(sent.at(-1) as string)])
        await sleep(5)
      }
    }
    await send()
    await until(() => heard.length === sent.length, 'the first to handle all')
    // Its writes are durable within 50 ms.
    await sleep(100)
    await one.running.stop()
    await send()
    await until(() => heard.length === sent.length, 'the other to handle all')
    await sleep(100)
    const third = await run(hear)
    await die(other.log)
    await send()
    await until(() => heard.length === sent.length, 'the third to handle all')
    await third.running.drained()
    assert.deepEqual(heard, sent)
  })
})
