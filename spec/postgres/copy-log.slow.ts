import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { copyLog } from '../../lib/agent/operations/copy-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { fc } from '../../lib/testing/fast-check.ts'
import { fullLog } from '../level/full-log.ts'
import { randomLog } from '../level/random-log.ts'
import { compiledProgram } from '../support/compiled-program.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { comparable, copyPlaces } from './copies.ts'
import { ask } from './schemas.ts'

describe('copyLog, to PostgreSQL and back', () => {
  let cluster: Cluster
  before(async () => (cluster = await startCluster({ fsync: 'off' })))
  after(() => cluster.remove())

  const hasSchema = async (schema: string): Promise<boolean> =>
    (await ask(cluster.address, 'SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])).length > 0

  it('copies any log there and back', async (t) => {
    const property = fc.asyncProperty(randomLog, async (make) => {
      const { from, server, back } = copyPlaces(t, cluster)
      await make(from)
      await copyLog(from, server)
      await copyLog(server, back)
      assert.deepEqual(await heard(back), await heard(from))
    })
    await fc.assert(property, { numRuns: Number(process.env['TIDINGS_RUNS'] ?? 50) })
  })

  it('leaves nothing when it is killed, in either direction, and begins again', async (t) => {
    const { from, server, back, schema } = copyPlaces(t, cluster)
    await fullLog(from)
    const killed = async (source: string, target: string, part: number): Promise<void> => {
      const path = await compiledProgram(join(import.meta.dirname, 'programs/copy-log.ts'))
      const child = fork(path, [source, target, String(part)], { execArgv: [] })
      assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL'])
    }
    for (const part of [0, 0.4, 0.9]) {
      await killed(from, server, part)
      assert.equal(await hasSchema(schema), false)
    }
    const copied = await copyLog(from, server)
    for (const part of [0, 0.4, 0.9]) {
      await killed(server, back, part)
      assert.equal(existsSync(back), false)
      await assert.rejects(openLog(`${back}.partial`), { code: 'TIDINGS_LOG_DAMAGED' })
    }
    assert.deepEqual(await copyLog(server, back), copied)
    assert.deepEqual(await comparable(back), await comparable(from))
  })
})

// Without all that were forgotten, since which of them still have events is another question.
async function heard(directory: string): Promise<Readonly<Record<string, unknown>>> {
  const known = Object.entries(await comparable(directory)).filter(
    ([key, text]) => !(key.startsWith('i') && String(text).slice(8) === '[0]'),
  )
  return Object.fromEntries(known)
}
