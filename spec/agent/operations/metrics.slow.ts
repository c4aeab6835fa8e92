import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { agent, connect, job, listener, manual, memoryLog, on, operations, start } from '../../../lib/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

// Of Debian's package prometheus.
const installed = spawnSync('promtool', ['--version']).error === undefined

describe('the metrics', () => {
  it('satisfy promtool', { skip: installed ? false : 'there is no promtool' }, async (t) => {
    const log = await memoryLog()
    const directory = temporaryDirectory(t)
    const parts = [
      job('poll', manual(), ({ publish }) => publish('seen', '1', 1)),
      listener('he "said"\nso\\n', on('seen'), () => undefined),
    ]
    const running = await start(agent('a', parts), { log, logger: false, serve: directory })
    await running.trigger('poll')
    await running.drained()
    const asked = await connect(directory)
    const texts = [await asked?.metrics(), await operations(log).metrics()]
    await running.stop()
    await log.close()
    for (const input of texts) {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
      assert.deepEqual([status, stdout, stderr], [0, '', ''])
    }
  })
})
