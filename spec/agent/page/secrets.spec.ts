import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import { contract, partsOf } from '../../../lib/agent/operations/contract.ts'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import { page } from '../../../lib/agent/page/page.ts'
import { controlOf, start } from '../../../lib/agent/start.ts'
import { processSecrets } from '../../../lib/core/secrets.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { notes } from '../../support/agent-harness.ts'
import { operationsIn } from '../../support/declared-operations.ts'
import { until } from '../../support/until.ts'
import { visit, visiting } from './visit.ts'

const SECRET = 'correct/horse battery"staple'

const world = { fetch: async (): Promise<never> => Promise.reject(new Error('no way through')) }

/** Parts that quote a secret wherever they can. */
const parts = [
  job('quotes', manual(), async ({ publish, secret }) => {
    const text = secret('WORD')
    await publish('quoted', `id ${text}`, {
      text,
      [`key ${text}`]: [text, 5],
      url: `https://a.example/?key=${encodeURIComponent(text)}`,
    })
  }),
  job('fails', manual(), ({ secret }) => {
    throw new Error(`the answer was ${secret('WORD')}`)
  }),
  listener(
    'parks',
    on('quoted'),
    async (_, { fetch, secret }) => {
      const url = `https://${encodeURIComponent(secret('WORD'))}.example/${secret('WORD')}?key=${secret('WORD')}`
      await fetch(url).catch(() => undefined)
      throw Object.assign(new Error(`${url} says no`), { code: `E${secret('WORD')}` })
    },
    { attempts: 1, from: 'start' },
  ),
  listener('retries', on('quoted'), (_, { secret }) => Promise.reject(new Error(secret('WORD'))), { from: 'start' }),
]

describe('a planted secret', () => {
  it('is in no answer of the page, and in no log line', { timeout: 60_000 }, async (t) => {
    const secrets = processSecrets({ WORD: SECRET })
    const logger = notes()
    await using log = await memoryLog()
    const running = await start(agent('home', parts), { log, logger: false, secrets, world })
    t.after(() => running.stop())
    const operations = operationsOf(log, controlOf(running))
    const served = await page(operations, { agent: 'home', port: 0, logger, scrub: secrets.scrub })
    t.after(() => served.close())
    const host = `127.0.0.1:${served.port}`
    const headers = { authorization: `Bearer ${new URL(served.address).searchParams.get('token')}` }
    await running.trigger('quotes')
    await running.trigger('fails')
    await until(async () => (await running.status()).listeners.every(({ parked, retrying }) => parked + retrying > 0))

    const values: Readonly<Record<string, string>> = {
      seq: '1',
      name: 'parks',
      listener: 'parks',
      event: '1',
      type: 'quoted',
      identifier: `id ${SECRET}`,
      text: 'horse',
      by: 'type',
      limit: '10',
    }
    const answers = new Map<string, string>()
    const ask = async (path: string): Promise<void> => {
      const response = await visiting(host, path, headers)
      let text = ''
      response.setEncoding('utf8').on('error', () => undefined)
      for await (const chunk of response) {
        text += chunk as string
        // What follows the log has no end.
        if (response.headers['content-type'] === 'text/event-stream' && text.includes('data: ')) break
      }
      answers.set(path, `${response.statusCode} ${text}`)
    }
    for (const operation of operationsIn(contract)) {
      const { method, path } = operation
      if (method !== 'GET') continue
      const needed = Object.entries(partsOf(operation)).filter(([, kind]) => !kind.endsWith('?'))
      for (const name of ['parks', 'retries', 'quotes', 'fails']) {
        const query = new URLSearchParams(
          needed.map(([part]): [string, string] => [part, part === 'name' ? name : (values[part] ?? 'x')]),
        )
        if (path.endsWith('/follow')) query.set('after', '0')
        if (needed.some(([part]) => part === 'name') || name === 'parks') await ask(`/api${path}?${query}`)
      }
    }
    const act = { ...headers, 'content-type': 'application/json' }
    for (const [path, question] of [
      ['jobs/dry-run', { name: 'quotes' }],
      ['jobs/run', { name: 'fails' }],
      ['jobs/pause', { name: SECRET }],
      ['parked/retry', { listener: SECRET }],
    ] as const) {
      const { status, text } = await visit(host, `/api/${path}`, act, JSON.stringify(question))
      answers.set(path, `${status} ${text}`)
    }

    const all = [...answers].map(([path, text]) => `${path} ${text}`)
    assert.ok(all.filter((text) => text.includes('[secret]')).length >= 8, all.join('\n'))
    for (const text of all) assert.ok(!leaks(text.slice(text.indexOf(' '))), text)
    assert.equal(logger.said('asked').length, 4)
    assert.ok(!leaks(JSON.stringify(logger.lines)), JSON.stringify(logger.lines))
    // Those that answer with the secret do so for the socket: what stands here can be seen missing.
    assert.ok(leaks(JSON.stringify(await operations.events.at(1))))
  })
})

/** Whether a text has the secret, plain or encoded. */
function leaks(text: string): boolean {
  const spellings = [
    SECRET,
    JSON.stringify(SECRET).slice(1, -1),
    encodeURIComponent(SECRET),
    SECRET.replaceAll(' ', '+'),
  ]
  return spellings.some((each) => text.toLowerCase().includes(each.toLowerCase()))
}
