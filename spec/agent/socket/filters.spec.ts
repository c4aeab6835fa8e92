import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { agent } from '../../../lib/agent/define/agent.ts'
import type { Operations } from '../../../lib/agent/operations/operations.ts'
import { connect } from '../../../lib/agent/socket/client.ts'
import { start } from '../../../lib/agent/start.ts'
import type { StoredEvent } from '../../../lib/core/event.ts'
import { matching } from '../../../lib/filter/matching.ts'
import { all, any, at, eq, gt, oneOf, startsWith } from '../../../lib/filters.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import type { Log, Query } from '../../../lib/log/port.ts'
import { drafts, eventFilters } from '../../filter/event-filters.ts'
import { wrap } from '../../support/agent-harness.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

interface Served {
  readonly log: Log
  readonly client: Operations
  readonly socket: string
  /** The queries that the agent's log was asked. */
  readonly asked: Query[]
}

async function served(t: TestContext): Promise<Served> {
  const directory = temporaryDirectory(t)
  const log = await memoryLog()
  const asked: Query[] = []
  const watched = wrap(log, {
    events: (query = {}) => {
      asked.push(query)
      return log.events(query)
    },
  })
  const running = await start(agent('home', []), { log: watched, logger: false, serve: directory })
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  await log.accept(
    Array.from({ length: 9 }, (_, n) => ({ type: n % 3 === 0 ? 'rare' : 'it', identifier: `${n}`, data: { n } })),
  )
  return { log, client: (await connect(directory)) as Operations, socket: join(directory, 'agent.sock'), asked }
}

async function identifiers(events: AsyncIterable<StoredEvent>, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const found: string[] = []
  for await (const { identifier } of events) if (found.push(identifier) === most) break
  return found
}

/** The text of an answer, as it comes over the socket. */
async function body(socketPath: string, path: string): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, path, headers: { host: 'x' }, agent: false }, resolve)
      .on('error', reject)
      .end()
  })
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return text
}

describe('a filter over the socket', () => {
  it('is applied by the agent: nothing else crosses', async (t) => {
    const { socket, asked } = await served(t)
    const where = encodeURIComponent('type = "rare" and data.n > 3')
    const lines = (await body(socket, `/events?where=${where}`)).trim().split('\n')
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as StoredEvent).identifier),
      ['6'],
    )
    assert.equal(await body(socket, `/events/count?where=${where}`), '1')
    // The log gets a test whose bounds it can read.
    assert.equal(String(asked[0]?.where), "all(at('type', eq('rare')), at('data.n', gt(3)))")
  })

  it('may be an expression, a test or JSON, and finds the same', async (t) => {
    const { client } = await served(t)
    const test = all(at('type', eq('rare')), at('data.n', gt(3)))
    for (const where of [test, JSON.stringify(test), 'type = "rare" and data.n > 3'])
      assert.deepEqual(await identifiers(client.events.list({ where })), ['6'])
    assert.equal(await client.events.count({ where: matching({ type: ['==', 'it'], 'data.n': ['<', 5] }) }), 3)
    assert.equal(await client.events.count({ where: at('identifier', oneOf('1', '8')), types: ['it'] }), 2)
    assert.equal(await client.events.count({ where: any(at('type', startsWith('ra'))), identifier: '3' }), 1)
  })

  it('finds what the test holds for, whatever the test', async (t) => {
    const { client, log } = await served(t)
    const world = fc.sample(drafts, 60)
    for (const [i, { created, version: _, job: __, ...draft }] of world.entries())
      await log.accept([{ ...draft, identifier: `${draft.identifier} ${i % 4}` }], { recorded: { created } })
    const stored: StoredEvent[] = []
    for await (const event of log.events()) stored.push(event)
    const law = fc.asyncProperty(eventFilters, async ({ test, expression }) => {
      const expected = stored.filter((event) => test(event)).map(({ seq }) => seq)
      for (const where of expression === undefined ? [test] : [test, expression]) {
        const found: number[] = []
        for await (const { seq } of client.events.list({ where })) found.push(seq)
        assert.deepEqual(found, expected, expression ?? String(test))
      }
    })
    await fc.assert(law, { numRuns: 150 })
  })

  it('holds for events that are followed', async (t) => {
    const { client, log } = await served(t)
    const over = new AbortController()
    const where = at('data.n', gt(6))
    const following = identifiers(client.events.follow({ where, after: 0 }, over.signal), 3)
    await log.accept([5, 50].map((n) => ({ type: 'late', identifier: `late ${n}`, data: { n } })))
    assert.deepEqual(await following, ['7', '8', 'late 50'])
    over.abort()
  })

  it('may be long', async (t) => {
    const { client } = await served(t)
    const names = Array.from({ length: 3000 }, (_, i) => `name ${i}`)
    assert.equal(await client.events.count({ where: at('identifier', oneOf('1', ...names)) }), 1)
  })

  it('is refused with its column, or with the function that cannot travel', async (t) => {
    const { client } = await served(t)
    const refusal = (words: RegExp) => ({ code: 'TIDINGS_LOG_INVALID', message: words })
    await assert.rejects(client.events.count({ where: 'data.n > ' }), refusal(/column 10: expected a value/))
    await assert.rejects(client.events.count({ where: '{"gt":[' }), refusal(/"where" is not a test as JSON: /))
    await assert.rejects(client.events.count({ where: '{"nope":[1]}' }), refusal(/fromJSON\(\) has no test 'nope'/))
    const own = () => true
    await assert.rejects(async () => client.events.count({ where: own }), refusal(/must be an expression or a test/))
    await assert.rejects(client.events.count({ where: all(own) }), refusal(/fromJSON\(\) expects a test.* 'own'/))
  })
})
