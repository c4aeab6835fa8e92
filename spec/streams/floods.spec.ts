import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, memoryLog, operations, type Stream, start } from '../../lib/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { feed } from '../../streams/feed.ts'
import { http } from '../../streams/http.ts'

const rss = (prefix: string): string => {
  const items = Array.from(
    { length: 30 },
    (_, i) => `<item><guid isPermaLink="false">${prefix}${i}</guid><title>t${i}</title></item>`,
  )
  return `<rss version="2.0"><channel><title>f</title>${items.join('')}</channel></rss>`
}

const streams: Record<string, { of: () => Stream; type: string; body: (prefix: string) => string }> = {
  http: {
    of: () =>
      http({ url: 'https://service.example/items', identifier: (one) => (one as { id: string }).id, every: '10m' }),
    type: http.item.type,
    body: (prefix) => JSON.stringify(Array.from({ length: 30 }, (_, i) => ({ id: `${prefix}${i}` }))),
  },
  feed: {
    of: () => feed({ url: 'https://service.example/feed', every: '10m' }),
    type: feed.item.type,
    body: rss,
  },
}

describe('a service that gives all its items new identifiers', () => {
  for (const [name, { of, type, body }] of Object.entries(streams)) {
    it(`is held: ${name}`, async () => {
      const clock = virtualClock()
      const log = await memoryLog({ clock, warn: () => undefined })
      let prefix = 'a'
      const world = { fetch: async () => new Response(body(prefix)) }
      const stream = of()
      const running = await start(agent('home', [stream]), { log, clock, world, logger: false })
      const [job] = stream.jobs
      const run = () => running.trigger((job as NonNullable<typeof job>).name)
      const first = await run()
      assert.deepEqual([first?.error, first?.new], [undefined, 30])
      assert.equal((await run())?.duplicate, 30)
      prefix = 'renumbered'
      const second = await run()
      assert.deepEqual([second?.new, second?.held], [0, 30])
      assert.match((await running.status()).problems.join(), /holds 30 drafts/)
      await operations(log).jobs.release((job as NonNullable<typeof job>).name)
      const consumer = await log.consumer('told', { start: 'start', types: [type] })
      assert.equal((await consumer.pull(500, AbortSignal.timeout(500))).length, 30)
      await running.stop()
      await log.close()
    })
  }
})
