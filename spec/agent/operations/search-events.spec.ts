import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import type { SearchAnswer, SearchQuestion } from '../../../lib/agent/operations/search-events.ts'
import { operations } from '../../../lib/agent/peers/operations-on.ts'
import { connect } from '../../../lib/agent/socket/client.ts'
import { start } from '../../../lib/agent/start.ts'
import type { StoredEvent } from '../../../lib/core/event.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import type { Log, Query } from '../../../lib/log/port.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

async function logOf(t: TestContext, count: number, data: (n: number) => unknown = () => null): Promise<Log> {
  const clock = virtualClock()
  const log = await memoryLog({ clock })
  t.after(() => log.close())
  for (let n = 1; n <= count; n += 500) {
    const drafts = Array.from({ length: Math.min(500, count - n + 1) }, (_, i) => ({
      type: (n + i) % 10 === 0 ? 'rare' : 'it',
      identifier: `i${n + i}`,
      data: data(n + i),
    }))
    await log.accept(drafts)
    clock.step(1000)
  }
  return log
}

const seqsOf = ({ events }: SearchAnswer): number[] => events.map(({ seq }) => seq)

/** Searches on until the end; resolves to the answers. */
async function whole(log: Log, question: SearchQuestion): Promise<SearchAnswer[]> {
  const answers: SearchAnswer[] = []
  let before: number | undefined
  do {
    const answer = await operations(log).events.search({ ...question, ...(before === undefined ? {} : { before }) })
    answers.push(answer)
    before = answer.next
  } while (before !== undefined)
  return answers
}

/** As a log of 21 000 events answers a query, newest first. */
async function* newest({ where = () => true }: Query = {}): AsyncGenerator<StoredEvent> {
  for (let seq = 21_000; seq > 0; seq--) {
    const event = { seq, type: 'it', identifier: `i${seq}`, data: null, created: 0 }
    if (where(event)) yield event
  }
}

describe('a search for text', () => {
  it('finds it in type, identifier and data, in any case, newest first', async (t) => {
    const log = await logOf(t, 0)
    await log.accept([
      { type: 'git.Commit', identifier: '1', data: null },
      { type: 'it', identifier: 'a COMMIT', data: null },
      { type: 'it', identifier: '3', data: { deep: [{ title: 'Committed' }] } },
      { type: 'it', identifier: '4', data: 'nothing' },
      { type: 'it', identifier: '5', data: 'She said "Ärger\n' },
    ])
    const { events } = operations(log)
    assert.deepEqual(await events.search({ text: 'commit' }).then(seqsOf), [3, 2, 1])
    assert.deepEqual(await events.search({ text: '"äRGER\n' }).then(seqsOf), [5])
    assert.deepEqual(await events.search({ text: 'nowhere' }), { events: [], scanned: 5 })
  })

  it('reads a bounded number of events a call, and leads on to the end', async (t) => {
    const log = await logOf(t, 1700, (n) => (n % 400 === 0 ? 'needle' : 'hay'))
    const answers = await whole(log, { text: 'needle', scan: 600 })
    assert.deepEqual(answers.map(seqsOf), [[1600, 1200], [800], [400]])
    assert.deepEqual(
      answers.map(({ scanned, next }) => [scanned, next]),
      [
        [600, 1101],
        [600, 501],
        [500, undefined],
      ],
    )
  })

  it('never reads more than 20 000 events, and finds no more than 100', async (t) => {
    const log = await logOf(t, 1)
    const { events } = operations(new Proxy(log, { get: (_, name) => (name === 'events' ? newest : log.clock) }))
    assert.deepEqual(await events.search({ text: 'nowhere', scan: 1e6 }), { events: [], next: 1001, scanned: 20_000 })
    const many = await events.search({ text: 'i', limit: 5000 })
    assert.deepEqual([many.events.length, many.next, many.scanned], [100, 20_901, 100])
  })

  it('reads only events of the asked types and time, and stops at its limit', async (t) => {
    const log = await logOf(t, 3000)
    const { events } = operations(log)
    const rare = await events.search({ text: 'I', types: ['rare'], limit: 3 })
    assert.deepEqual([seqsOf(rare), rare.next, rare.scanned], [[3000, 2990, 2980], 2980, 3])
    // The blocks of the last 2 s have 512 events.
    const late = await events.search({ text: 'i2', since: '2s' })
    assert.deepEqual(late.scanned <= 1536, true, `read ${late.scanned}`)
    assert.equal(late.events.length, 100)
    assert.deepEqual((await events.search({ text: 'i1', since: '2s' })).events, [])
  })

  it('answers the same over the socket of an agent, as do pages of events', async (t) => {
    const log = await logOf(t, 30)
    const directory = temporaryDirectory(t)
    const running = await start(agent('a', []), { log, logger: false, serve: directory })
    t.after(() => running.stop())
    const connected = await connect(directory)
    assert.ok(connected)
    for (const { events } of [connected, operations(log)]) {
      const found = await events.search({ text: 'I2', types: ['it'], since: '1h', before: 29, limit: 3 })
      assert.deepEqual([seqsOf(found), found.next, found.scanned], [[28, 27, 26], 26, 3])
      assert.deepEqual(seqsOf(await events.search({ text: 'nowhere', scan: 5 })), [])
      const page: number[] = []
      for await (const { seq } of events.list({ after: 10, before: 20, reverse: true, limit: 4 })) page.push(seq)
      assert.deepEqual(page, [19, 18, 17, 16])
    }
  })

  it('lets other work have its turn', async (t) => {
    const log = await logOf(t, 5000)
    let turns = 0
    const again = (): void => {
      turns += 1
      turn = setImmediate(again)
    }
    let turn = setImmediate(again)
    await operations(log).events.search({ text: 'nowhere' })
    clearImmediate(turn)
    assert.ok(turns >= 9, `${turns} turns`)
  })

  it('rejects an invalid question; the error names the part', async (t) => {
    const { events } = operations(await logOf(t, 1))
    for (const [path, value] of Object.entries({ since: 'sometime', before: -1, scan: 0.5, limit: -2, types: [''] }))
      await assert.rejects(events.search({ text: 'x', [path]: value }), (error: { details?: { path?: string } }) => {
        assert.equal(error.details?.path, path)
        return true
      })
  })
})
