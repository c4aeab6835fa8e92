import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../../lib/level/open-log.ts'
import { seqs } from '../../lib/testing/log-bench.ts'
import { compiled } from './compiled.ts'
import { place } from './place.ts'
import { killAfter, run } from './process.ts'

/** How much a process writes into its diary before it is killed, in bytes. */
const MOST = 4000

/** Kills an agent `rounds` times while digests wait: each event is in one batch, and none is lost. */
export function digestSuite(rounds: number): void {
  const program = compiled()
  describe(`digests of an agent that is killed ${rounds} times`, () => {
    it('hold each event in exactly one batch, and lose none', async (t) => {
      const path = await program(import.meta.resolve('./programs/digests.ts'))
      const { lines, directory, diary } = place(t)
      for (let life = 0; life < rounds; life++) {
        const mortal = run(path, { directory, diary, life })
        await mortal.open
        const size = statSync(diary).size + (0.2 + Math.random()) * MOST
        while (statSync(diary).size < size && mortal.child.exitCode === null) await sleep(Math.random() * 4)
        const { signal, stderr } = await killAfter(mortal, 0)
        assert.equal(signal, 'SIGKILL', stderr)
      }
      const { code, stderr } = await run(path, { directory, diary, life: rounds, last: true }).ended
      assert.equal(code, 0, stderr)
      await using log = await openLog(directory, { warn: () => undefined })
      const stored = await seqs(log, { types: ['made'] })
      const batches = new Map<string, string>()
      for (const line of lines('sends')) {
        const [key = '', batch = ''] = line.split(' ')
        assert.equal(batches.get(key) ?? batch, batch, `the batch ${key} has changed`)
        batches.set(key, batch)
      }
      const sent = new Set(lines('sent').map((line) => line.split(' ')[0] ?? ''))
      assert.deepEqual(sent, new Set(batches.keys()), 'a batch was never sent')
      const inBatches = [...batches.values()].flatMap((batch) => batch.split(',').map(Number))
      assert.deepEqual(
        inBatches.sort((a, b) => a - b),
        stored,
      )
      for (const seq of lines('told')) assert.ok(stored.includes(Number(seq)), `event ${seq} was told and is lost`)
      t.diagnostic(`${stored.length} events in ${batches.size} batches`)
    })
  })
}
