import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { changed, crossed } from '../../lib/filters.ts'
import { agent, type Delivery, eventType, type Listener, listener, on, type StoredEvent } from '../../lib/index.ts'
import { deliverParked, type ParkedCase } from '../../lib/testing/index.ts'

const opened = eventType('opened').of<{ n: number }>()
const at = '2026-01-02T00:00:00.000Z'
const event = { type: 'opened', identifier: '7', data: { n: 7 }, created: Date.UTC(2026, 0, 1) }

type Handler = (event: StoredEvent<'opened', { n: number }>, delivery: Delivery) => unknown

function deliver(hear: Listener | Handler, parked: Partial<ParkedCase> = {}): Promise<void> {
  const made = typeof hear === 'function' ? listener('hear', on(opened), hear) : hear
  return deliverParked(agent('home', [made]), { listener: 'hear', at, event, ...parked })
}

/** What a handler sees of the world. */
async function asked(calls: ParkedCase['calls'] = []): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  const words = (error: Error): string => error.message
  await deliver(
    async (_, { fetch, exec, secret }) => {
      const ask = (method: string, url: string) => fetch(url, { method }).then(({ status }) => status, words)
      seen.push(await ask('GET', 'https://one.example/a?b'), await ask('GET', 'https://one.example/c'))
      seen.push(await ask('POST', 'https://one.example'), await ask('GET', 'https://two.example'))
      seen.push(
        await exec('git', ['log']).then(({ stdout }) => stdout, words),
        await exec('git', []).then(() => '', words),
      )
      seen.push(await (await fetch('https://three.example')).json(), secret('TOKEN'))
    },
    { calls },
  )
  return seen
}

describe('deliverParked', () => {
  it('gives the handler the event, its state and the time', async () => {
    const seen: unknown[] = []
    await deliver(
      async (given, { state, now, attempt }) => {
        const { seq, type, identifier, data, created, job } = given
        seen.push(
          { seq, type, identifier, data, created, job },
          await state.get('n'),
          await state.get('none'),
          now(),
          attempt,
        )
      },
      { state: { n: { deep: [1] } }, event: { ...event, job: 'look' } },
    )
    assert.deepEqual(seen, [{ seq: 1, ...event, job: 'look' }, { deep: [1] }, undefined, Date.parse(at), 1])
  })

  it('answers as it was answered, and all else with success', async () => {
    assert.deepEqual(await asked(), [200, 200, 200, 200, '', '', {}, 'placeholder-of-TOKEN'])
    const calls = [
      { method: 'GET', host: 'one.example', status: 204 },
      { method: 'GET', host: 'one.example', status: 503 },
      { method: 'GET', host: 'two.example' },
      { method: 'exec', host: 'git' },
      { method: 'exec', host: 'git', failed: true },
    ] as const
    assert.deepEqual(await asked(calls), [
      204,
      503,
      200,
      'fetch failed',
      '',
      '"git" failed',
      {},
      'placeholder-of-TOKEN',
    ])
  })

  it('takes parts of the world', async () => {
    const seen: unknown[] = []
    const fetch = async () => new Response('own')
    await deliver(async (_, context) => seen.push(await (await context.fetch('https://x.example')).text()), {
      world: { fetch },
    })
    assert.deepEqual(seen, ['own'])
  })

  it('fails as the handler fails, with its stack and code', async () => {
    const fails = deliver(() => Promise.reject(Object.assign(new RangeError('too far'), { code: 'EFAR' })))
    await assert.rejects(fails, (error: Error & { code?: string }) => {
      assert.equal(error.message, 'listener "hear" fails: RangeError: too far')
      assert.match(String(error.stack), /fails: RangeError: too far\n +at .*deliver-parked/)
      return error.code === 'EFAR'
    })
  })

  it('delivers events of the engine too', async () => {
    const seen: unknown[] = []
    const news = listener('hear', on('tidings.*'), ({ data }) => seen.push(data))
    await deliver(news, { event: { ...event, type: 'tidings.job.failed', data: { job: 'look' } } })
    assert.deepEqual(seen, [{ job: 'look' }])
  })

  it('passes when a filter drops the event now, but not when one that remembers may have', async () => {
    const fail = () => Promise.reject(new Error('no'))
    await deliver(listener('hear', on(opened).pipe(changed('data.n')), () => undefined))
    await assert.rejects(deliver(listener('hear', on(opened).pipe(changed('data.n')), fail)), /fails: Error: no/)
    await assert.rejects(
      deliver(listener('hear', on(opened).pipe(crossed('data.n', 3)), fail)),
      /listener "hear" was not tried: its filters that remember let nothing through/,
    )
    await deliver(listener('hear', on('other'), fail))
  })

  it('names a listener that the agent does not have', async () => {
    await assert.rejects(
      deliver(() => undefined, { listener: 'hera' }),
      {
        code: 'TIDINGS_AGENT_INVALID',
        message: 'agent "home" has no listener "hera"; did you mean "hear"?',
      },
    )
  })
})
