import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, job, type Log, listener, manual, memoryLog, on, operations, start } from '../../../lib/index.ts'

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function someLog(t: { after(run: () => Promise<void>): void }): Promise<Log> {
  const log = await memoryLog()
  t.after(() => log.close())
  return log
}

describe('operations', () => {
  it('list, count and find events', async (t) => {
    const log = await someLog(t)
    await log.accept(['a', 'b', 'a'].map((type, n) => ({ type, identifier: String(n), data: { n } })))
    const { events } = operations(log)
    assert.deepEqual(
      (await all(events.list())).map(({ seq }) => seq),
      [1, 2, 3],
    )
    assert.deepEqual(
      (await all(events.list({ types: ['a'], reverse: true, limit: 1 }))).map(({ seq }) => seq),
      [3],
    )
    assert.equal(await events.count(), 3)
    assert.equal(await events.count({ types: ['a'], identifier: '2' }), 1)
    assert.equal((await events.at(2))?.type, 'b')
    assert.equal(await events.at(4), undefined)
    assert.equal(await events.at(0), undefined)
    assert.equal((await events.of('a', '2'))?.seq, 3)
    assert.equal(await events.of('a', '1'), undefined)
    assert.equal(await events.last(), 3)
  })

  it('return what the log knows about jobs and listeners, as plain JSON', async (t) => {
    const log = await someLog(t)
    const hear = listener('hear', on('t'), () => undefined, { from: 'start' })
    const good = job('good', manual(), ({ publish }) => publish('t', '1', 1))
    const bad = job('bad', manual(), () => {
      throw new Error('no luck')
    })
    const running = await start(agent('a', [good, bad, job('never', manual(), () => undefined), hear]), {
      log,
      logger: false,
    })
    await running.trigger('good')
    await running.trigger('bad')
    await running.drained()
    await running.stop()
    const { jobs, listeners } = operations(log)
    const rows = await jobs.list()
    assert.deepEqual(
      rows.map(({ name, succeeded, lastSlot }) => [name, succeeded, lastSlot !== undefined]),
      [
        ['bad', false, true],
        ['good', true, true],
        ['never', false, false],
      ],
    )
    const [known] = await listeners.list()
    const { created, ...rest } = known ?? { created: '' }
    assert.match(created, /^\d{4}-\d\d-\d\dT/)
    assert.deepEqual(rest, { name: 'hear', cursor: 1, behind: 0, running: 0, retrying: 0, parked: 0 })
    assert.deepEqual(
      (await listeners.list({ known: ['other'] })).map(({ orphaned }) => orphaned),
      [true],
    )
    assert.deepEqual(
      (await listeners.list({ known: ['hear'] })).map(({ orphaned }) => orphaned),
      [false],
    )
    for (const row of [...rows, known]) assert.deepEqual(JSON.parse(JSON.stringify(row)), row)
  })
})
