import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { openLog } from '../../lib/level/open-log.ts'
import { list, pullUntil, seqsOf, take } from '../../lib/testing/log-bench.ts'
import { compiledProgram } from '../support/compiled-program.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Runs the child, kills it some time after its first acknowledgement, and returns all acknowledgements. */
async function kill(directory: string, durability: string, after: number): Promise<number[]> {
  const args = [await compiledProgram(join(import.meta.dirname, 'crash-child.ts')), directory, durability]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = text(child.stdout)
  const ended = once(child, 'exit')
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), after))
  const [, signal] = (await ended) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL', 'the child ended by itself')
  // The last line may be cut off.
  return (await printed).split('\n').slice(0, -1).map(Number)
}

describe('a process that is killed at work', () => {
  for (const durability of ['disk', 'relaxed']) {
    it(`loses nothing acknowledged, and leaves a sound log (${durability})`, async (t) => {
      const directory = join(temporaryDirectory(t), 'log')
      const acknowledged = new Set<number>()
      for (const after of [5, 60, 140]) {
        const seqs = await kill(directory, durability, after)
        assert(seqs.length > 0)
        for (const seq of seqs) {
          assert(!acknowledged.has(seq), `${seq} was acknowledged twice`)
          acknowledged.add(seq)
        }
        const log = await openLog(directory, { warn: (words) => assert.fail(words) })
        const stored = await list(log.events())
        assert.deepEqual(
          stored.map(({ seq }) => seq),
          stored.map((_, i) => i + 1),
        )
        assert(stored.length >= Math.max(...acknowledged))
        assert.equal(new Set(stored.map(({ identifier }) => identifier)).size, stored.length)
        assert.deepEqual(await log.verify(), { ok: true, problems: [] })
        // A handled event wrote state in one commit with its ack. The log hands out all others, and no more.
        const handled = (await log.store('c').get<number>('handled'))?.value ?? 0
        const consumer = await log.consumer('c', { start: 'start' })
        const rest = await take(consumer, stored.length - handled)
        assert.deepEqual(await pullUntil(consumer, 1, ({ behind }) => behind === 0), [])
        assert.deepEqual(await consumer.lag(), { behind: 0, running: rest.length, retrying: 0, parked: 0 })
        assert.deepEqual(
          seqsOf(rest),
          stored.slice(handled).map(({ seq }) => seq),
        )
        await log.close()
      }
    })
  }
})
