import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, openLog, start } from '../../../../lib/index.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

describe('events tail --where', () => {
  it('shows the newest matching events, of a resting log and of a running agent', async (t) => {
    const db = temporaryDirectory(t)
    const log = await openLog(db)
    const running = await start(agent('home', []), { log, logger: false, serve: db })
    await log.accept(Array.from({ length: 40 }, (_, n) => ({ type: 'it', identifier: `${n}`, data: { n } })))
    const tail = async (): Promise<string[]> => {
      const { code, stdout } = await command('events', 'tail', '-n', '2', '--where', 'data.n < 20', '--db', db)
      assert.equal(code, 0)
      return stdout.split('\n').map((line) => line.split('\t')[3] ?? '')
    }
    assert.deepEqual(await tail(), ['18', '19', ''])
    await running.stop()
    await log.close()
    assert.deepEqual(await tail(), ['18', '19', ''])
  })

  it('refuses an expression with its column, before it waits for events', async (t) => {
    const db = temporaryDirectory(t)
    await (await openLog(db)).close()
    const { code, stderr } = await command('events', 'tail', '-f', '--where', 'n < 20', '--db', db)
    assert.equal(code, 2)
    assert.match(stderr, /column 1: an event has no n; .*Did you mean data\.n\?\n {4}n < 20\n {4}\^\n/)
  })
})
