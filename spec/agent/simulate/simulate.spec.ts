import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { simulate } from '../../../lib/agent/simulate/simulate.ts'
import { digest } from '../../../lib/filters.ts'
import { agent, eventType, every, job, listener, on, Park, type StoredEvent } from '../../../lib/index.ts'
import { compiledProgram } from '../../support/compiled-program.ts'
import { shop, world } from './agents.ts'

const from = new Date('2026-01-01T00:00:00Z')

describe('simulate', () => {
  it('runs a whole agent in simulated time, and records what happens', async () => {
    const timeline = await simulate(shop(), { from, for: '30m', world })
    assert.deepEqual(timeline.counts, {
      runs: 3,
      failedRuns: 0,
      requests: 6,
      programs: 0,
      events: 3,
      deliveries: 3,
      retries: 0,
      parked: 0,
      faults: 0,
    })
    assert.deepEqual(
      timeline.events.map(({ type, identifier, at, job }) => [type, identifier, new Date(at).toISOString(), job]),
      ['1', '2', '3'].map((id) => ['paid', id, `2026-01-01T00:${id}0:00.000Z`, 'orders']),
    )
    assert.deepEqual(
      timeline.sent.map(({ by, asked, body, keyed, status, seq }) => [by, asked, body, keyed, status, seq]),
      [1, 2, 3].map((id) => ['listener books', 'POST https://books.example/', String(id), true, 200, id]),
    )
    assert.deepEqual(timeline.days, [{ day: '2026-01-01', runs: 3, events: 3 }])
    assert.match(String(timeline), /^2026-01-01T00:10:00\.000Z {2}event 1 paid 1 \{"id":1\}$/m)
  })

  it('lets retries, digests and parked events take their time', async () => {
    const note = eventType('note').of<{ n: number }>()
    const heard: (readonly [number, number])[] = []
    const parts = [
      job('notes', every().hour, ({ slot }) => note(slot.toISOString(), { n: slot.getUTCHours() })),
      listener('third time', on(note), (_, { attempt }) => {
        if (attempt < 3) throw new Error('not yet')
      }),
      listener('never', on(note), ({ data }) => {
        if (data.n === 2) throw new Park('not this one')
      }),
      listener('daily', on(note).pipe(digest({ every: '6h' })), (events: readonly StoredEvent[], { now }) => {
        heard.push([events.length, now()])
      }),
    ]
    const timeline = await simulate(agent('notes', parts), { from, for: '14h' })
    assert.equal(timeline.events.filter(({ type }) => type === 'note').length, 14)
    assert.equal(timeline.retries.filter(({ listener: by }) => by === 'third time').length, 2 * 13 + 2 - 1)
    assert.deepEqual(
      timeline.parked.map(({ listener: by, error }) => [by, error]),
      [['never', 'not this one']],
    )
    assert.deepEqual(
      heard.map(([count]) => count),
      [6, 6],
    )
  })

  it('refuses what the world does not have, by name', async () => {
    const timeline = await simulate(shop(), { from, for: '20m' })
    for (const { status, error } of timeline.runs)
      assert.deepEqual(
        [status, error],
        [
          'failed',
          'the world of the simulation has no fetch, and was asked for GET https://shop.example/orders?since=0',
        ],
      )
    assert.equal(timeline.runs.length, 2)
  })

  it('reads what handlers send, of every kind, and passes it on', async () => {
    const paid = eventType('paid').of<null>()
    const url = 'https://books.example/'
    const form = new FormData()
    form.set('a', 'b')
    const send: Readonly<Record<string, () => Parameters<typeof fetch>>> = {
      request: () => [new Request(url, { method: 'POST', body: 'a=b' })],
      stream: () => [url, { method: 'POST', body: new Blob(['a=b']).stream(), duplex: 'half' }],
      form: () => [url, { method: 'POST', body: form }],
    }
    const books = agent('books', [
      job('orders', every().hour, ({ slot }) => paid(slot.toISOString(), null)),
      ...Object.entries(send).map(([name, call]) =>
        listener(name, on(paid), async (_, { fetch, attempt }) => {
          await fetch(...call())
          if (attempt === 1) throw new Error('again')
        }),
      ),
    ])
    const read: string[] = []
    const answers = {
      fetch: async (...call: Parameters<typeof fetch>) =>
        new Response(read[read.push(await new Request(...call).text())]),
    }
    const timeline = await simulate(books, { from, for: '2h', world: answers })
    assert.deepEqual(timeline.parked, [])
    assert.equal(read.filter((text) => text === 'a=b').length, read.length - 3, read.join('\n'))
    // Each is sent twice for the event of the first hour, and is known again.
    for (const by of Object.keys(send))
      assert.ok(
        timeline.repeated.some((call) => call.by === `listener ${by}`),
        by,
      )
    assert.equal(String(timeline), String(await simulate(books, { from, for: '2h', world: answers })))
  })

  it('shows its time and chance in Date and Math.random, and restores them', async () => {
    const real = Date
    const { random } = Math
    const seen: string[] = []
    const looks = agent('looks', [
      job('look', every().hour, () => void seen.push(new Date().toISOString(), new Date(Date.now()).toISOString())),
    ])
    await simulate(looks, { from, for: '1h' })
    assert.deepEqual(seen, Array(2).fill('2026-01-01T01:00:00.000Z'))
    assert.equal(Date, real)
    assert.equal(Math.random, random)
  })

  it('rejects invalid arguments by name', async () => {
    const bad = async (options: object, words: RegExp): Promise<void> =>
      assert.rejects(simulate(shop(), { from, for: '1d', ...options }), {
        code: 'TIDINGS_AGENT_INVALID',
        message: words,
      })
    await bad({ from: 'today' }, /from of simulate\(\) must be a valid Date, got "today"/)
    await bad({ seed: 0.5 }, /seed of simulate\(\) must be a whole number, got 0\.5/)
    await bad({ faults: { crash: true } }, /faults of simulate\(\) must be among crashes.*got "crash"/)
    await bad({ faults: { crashes: -1 } }, /faults of simulate\(\) needs .* for crashes, got -1/)
    await bad({ faults: { late: 'often' } }, /for late, got "often"/)
    await bad({ faults: [{ fault: 'crsh' }] }, /a fault that is not among crash, .*: "crsh"/)
    await bad({ wrld: {} }, /wrld/)
    await bad({ world: { fetch: 1 } }, /fetch/)
    await assert.rejects(simulate({} as never, { from, for: '1d' }), /needs an agent/)
  })

  it('gives the same bytes for the same seed, in two processes and two time zones', async () => {
    const program = await compiledProgram(join(import.meta.dirname, 'programs/prints.ts'))
    const print = async (seed: number, zone: string): Promise<string> => {
      const args = [program, String(seed)]
      const cwd = join(import.meta.dirname, '../../..')
      return (await promisify(execFile)(process.execPath, args, { cwd, env: { ...process.env, TZ: zone } })).stdout
    }
    const [one, again] = await Promise.all([print(7, 'America/Los_Angeles'), print(7, 'Asia/Kathmandu')])
    assert.equal(one, again)
    assert.match(one, /crash at write/)
    assert.match(one, /T09:30:00\.000Z {2}run of draw/)
  })
})
