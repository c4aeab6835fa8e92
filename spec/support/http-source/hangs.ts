import assert from 'node:assert/strict'
import { it } from 'node:test'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { until } from '../until.ts'
import { stopped, watchStream } from '../watch-stream.ts'
import { type Answers, type HttpSource, openSource, range, startOf } from './source.ts'

/** The longest that a run of a poll may take, in ms. */
const LIMIT = 120_000

/** Checks what a source does while its service is silent: nothing ends the connection, and nothing comes. */
export function hangs(source: HttpSource): void {
  const { job, serve, stream, world } = source
  const silences: Readonly<Record<string, Answers>> = {
    'never answers': () => ({ hang: true }),
    'stops in the middle of an answer': (asked) => ({ ...serve(range(1, 3))(asked), stall: 20 }),
  }
  for (const [silence, answer] of Object.entries(silences)) {
    const hanging = async (t: { after(work: () => unknown): void }) => {
      const clock = virtualClock(new Date(startOf(source)))
      const open = await openSource(t, source, [], { clock })
      open.service.answer(answer)
      const look = open.look(job)
      await until(() => open.service.asked.length > 0, 'the request')
      return {
        clock,
        ...open,
        ended: look.then(({ status, error }) => ({ status, error: error as Error & { code?: string } })),
      }
    }

    it(`ends a run in its time when the service ${silence}`, { timeout: 60_000 }, async (t) => {
      const { clock, running, ended, recovers } = await hanging(t)
      await clock.advance(LIMIT - 1)
      assert.deepEqual((await running.status()).jobs.map(({ running }) => running).filter(Boolean).length, 1)
      await clock.advance(1)
      const { status, error } = await ended
      assert.deepEqual([status, error.code], ['abandoned', 'TIDINGS_RUN_TIMEOUT'])
      assert.match(error.message, new RegExp(`${source.name}\\..*2 ?m|${source.name}\\..*120`))
      await recovers()
    })

    it(`lets the agent stop while the service ${silence}`, { timeout: 60_000 }, async (t) => {
      const { clock, running, ended, log, service, show } = await hanging(t)
      await stopped(running, clock)
      const { status, error } = await ended
      assert.equal(status, 'abandoned')
      assert.match(error.message, /stop/)
      show([1, 2, 3])
      const again = await watchStream(t, stream(service.url), { ...world, now: () => startOf(source) }, { clock, log })
      await again.see(job)
      await again.see(job)
      assert.equal(again.told.length, 3)
      await stopped(again.running, clock)
    })
  }
}
