import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isRetry } from '../../lib/core/control.ts'
import { clocks } from './http-source/clocks.ts'
import { hangs } from './http-source/hangs.ts'
import { pages } from './http-source/pages.ts'
import { renumbers } from './http-source/renumbers.ts'
import { type HttpSource, openSource } from './http-source/source.ts'
import { localService } from './local-service.ts'
import { until } from './until.ts'
import { watchStream } from './watch-stream.ts'

/** Checks what every source over HTTP must do when its service fails, lies or hangs. */
export function httpSourceSuite(source: HttpSource): void {
  const { serve, job, world = {} } = source
  const prepare = (t: { after(work: () => unknown): void }, first?: readonly number[]) => openSource(t, source, first)

  describe(`the ${source.name} stream and its service`, () => {
    it('tells each item once, and late ones too', async (t) => {
      const { show, see, count } = await prepare(t, [2, 3])
      await see(job)
      await see(job)
      assert.equal(count(), 2)
      show([1, 2, 3, 4])
      await see(job)
      assert.equal(count(), 4)
    })

    for (const status of [500, 502, 404]) {
      it(`fails a run that gets a ${status}, and recovers`, { timeout: 60_000 }, async (t) => {
        const { fails, recovers } = await prepare(t)
        const error = await fails(() => ({ status, body: 'out of order' }))
        assert.equal((error as { code?: string }).code, 'TIDINGS_HTTP_FAILED')
        assert.match(error.message, new RegExp(`${source.name}.*${status}`, 's'))
        await recovers()
      })
    }

    it('fails a run whose answer is cut short, and recovers', { timeout: 60_000 }, async (t) => {
      const { fails, recovers } = await prepare(t)
      await fails((asked) => ({ ...serve([1, 2, 3])(asked), cut: 20 }))
      await recovers()
    })

    for (const [what, body] of [
      ['not what was asked for', '<html>Please log in</html>'],
      ['null', 'null'],
      ['a number', '42'],
      ['deeply nested', '['.repeat(100_000)],
    ] as const) {
      it(`loses nothing when the answer is ${what}`, { timeout: 60_000 }, async (t) => {
        const { service, look, recovers } = await prepare(t)
        service.answer(() => ({ body, headers: { 'content-type': 'application/json' } }))
        await look(job)
        await recovers()
      })
    }

    it('refuses an answer that is too large, also a compressed one', { timeout: 60_000 }, async (t) => {
      const { fails, recovers } = await prepare(t)
      const body = Buffer.alloc(40 * 1024 * 1024, 0x20)
      const error = await fails(() => ({ body, gzip: true }))
      assert.equal((error as { code?: string }).code, 'TIDINGS_RESPONSE_TOO_LARGE')
      await recovers()
    })

    it('waits as long as the service asks for', async (t) => {
      const service = await localService(t, () => ({ status: 429, headers: { 'retry-after': '120' } }))
      const stream = source.stream(service.url)
      const { running } = await watchStream(t, stream, world)
      const first = stream.jobs.find((one) => job === undefined || one.name.endsWith(`.${job}`))
      assert.ok(first)
      const ended = running.trigger(first.name)
      const error = await until(async () => {
        const { jobs } = await running.status()
        return jobs.find(({ name }) => name === first.name)?.last?.error
      })
      assert.ok(isRetry(error), `failed with ${error.message}`)
      assert.equal(error.after, 120_000)
      // The run waits for its second attempt; stopping the agent ends it.
      await running.stop()
      await ended
      assert.equal(service.asked.length, 1)
    })

    if (source.conditional === true) {
      it('asks whether anything changed, and tells nothing on a 304', async (t) => {
        const { service, see, show, count } = await prepare(t)
        await see(job)
        const before = service.asked.length
        await see(job)
        assert.ok(service.asked.slice(before).some(({ headers }) => headers['if-none-match'] !== undefined))
        assert.equal(count(), 2)
        show([1, 2, 3])
        await see(job)
        assert.equal(count(), 3)
      })
    }

    hangs(source)
    clocks(source)
    renumbers(source)
    pages(source)
  })
}
