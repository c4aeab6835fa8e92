import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventType } from '../../lib/core/event-type.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { allOf, place } from '../support/agent-harness.ts'

const ping = eventType('ping').of<number>()
const pong = eventType('pong').of<number>()

describe('listeners that feed each other', () => {
  it('end after eight hops: the next publish is rejected with TIDINGS_LOOP, and its event parked', async (t) => {
    const here = await place(t)
    const parts = [
      listener('left', on(ping), ({ data }, { publish }) => publish(pong, String(data + 1), data + 1), { attempts: 1 }),
      listener('right', on(pong), ({ data }, { publish }) => publish(ping, String(data + 1), data + 1), {
        attempts: 1,
      }),
    ]
    await here.begin(parts)
    await here.log.accept([ping('0', 0)])
    await here.clock.advance(60_000)
    const events = (await allOf(here.log)).filter(({ type }) => !type.startsWith('tidings.'))
    assert.deepEqual(
      events.map(({ data, cause }) => [data, cause]),
      [[0, undefined], ...Array.from({ length: 8 }, (_, i) => [i + 1, i + 1])],
    )
    const error = here.notes.said('listener failed')[0]?.err as Error & { code?: string }
    assert.equal(error.code, 'TIDINGS_LOOP')
    assert.match(error.message, /event 9 \("ping"\)/)
    assert.equal(here.notes.said('event parked').length, 1)
  })

  it('may publish any number of events that follow from one', async (t) => {
    const here = await place(t)
    await here.begin([
      listener('left', on(ping), async ({ data }, { publish }) => {
        for (let n = 1; n <= 20; n++) await publish(pong, String(n), data)
      }),
    ])
    await here.log.accept([ping('0', 0)])
    await here.clock.advance(1000)
    const events = await allOf(here.log)
    assert.equal(events.length, 21)
    assert.ok(events.slice(1).every(({ cause }) => cause === 1))
  })
})
