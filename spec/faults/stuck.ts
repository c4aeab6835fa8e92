import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compiled } from './compiled.ts'
import { place } from './place.ts'
import { run } from './process.ts'
import { shown } from './results.ts'

/** How much the memory of the process may grow, in MB. */
const MOST = 100

/** A backlog stays on disk, however long it is. */
export function stuckSuite(count: number, tier: 'fast' | 'slow'): void {
  const program = compiled()
  describe(`a stuck listener with ${count} events behind it`, () => {
    it('takes neither memory nor events from other listeners', async (t) => {
      const { lines, ...where } = place(t)
      const { signal, stderr } = await run(await program(import.meta.resolve('./programs/stuck.ts')), {
        ...where,
        life: count,
      }).ended
      assert.equal(signal, 'SIGKILL', stderr)
      assert.deepEqual(lines('heard'), [`${count} ${count} 1`])
      const [before = 0, most = Number.POSITIVE_INFINITY] = lines('memory')[0]?.split(' ').map(Number) ?? []
      const grown = most - before
      t.diagnostic(`${grown} MB more than ${before} MB`)
      assert.ok(grown < MOST, `the memory grew by ${grown} MB`)
      const result = `two other listeners heard all; memory grew by ${grown} MB at most (RssAnon; ${MOST} allowed)`
      shown({ row: 'stuck', tier, rounds: `${count} events`, result })
    })
  })
}
