import assert from 'node:assert/strict'
import { it } from 'node:test'
import { operations } from '../../../lib/index.ts'
import { type HttpSource, openSource, range } from './source.ts'

/** Enough for a flood. */
const MANY = 24

/** Checks what a source does when its service gives all items new identifiers. */
export function renumbers(source: HttpSource): void {
  const { job, renumbering } = source
  const { serve, outcome, because } = renumbering
  const renumbered = async (t: { after(work: () => unknown): void }) => {
    const open = await openSource(t, source, range(1, MANY))
    const { job: name } = await open.see(job)
    await open.see(job)
    assert.equal(open.count(), MANY)
    open.answer(serve(range(1, MANY)))
    const { held = 0 } = await open.see(job)
    return { ...open, name, held }
  }

  if (outcome !== 'held') {
    const title = outcome === 'known' ? 'tells nothing again' : 'tells each item again, and only once,'
    it(`${title} when the service renumbers all of them: ${because}`, async (t) => {
      const { held, see, count } = await renumbered(t)
      await see(job)
      assert.equal(held, 0)
      assert.equal(count(), outcome === 'known' ? MANY : 2 * MANY)
    })
    return
  }

  for (const verdict of ['discard', 'release'] as const) {
    it(`holds all items when the service renumbers them: ${verdict}`, async (t) => {
      const { held, see, count, log, name, running } = await renumbered(t)
      assert.deepEqual([held, count()], [MANY, MANY])
      await see(job)
      assert.equal(count(), MANY)
      assert.match((await running.status()).problems.join(), new RegExp(`holds ${MANY} drafts`))
      await operations(log).jobs[verdict](name)
      await running.drained()
      await see(job)
      assert.equal(count(), verdict === 'discard' ? MANY : 2 * MANY)
    })
  }
}
