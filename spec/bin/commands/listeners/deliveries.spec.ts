import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { agent, eventType, listener, on, openLog, start } from '../../../../lib/index.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const home = agent('home', [listener('print', on(eventType('made')), () => undefined)])

describe('tidings listeners deliveries', () => {
  it('says that no agent runs, and not that there are no deliveries', async (t) => {
    const db = join(temporaryDirectory(t), 'log')
    const log = await openLog(db, { warn: () => undefined })
    const running = await start(home, { log, logger: false, serve: db })
    const runs = await command('listeners', 'deliveries', 'print', '--db', db)
    await running.stop()
    await log.close()
    const rests = await command('listeners', 'deliveries', 'print', '--db', db)
    assert.equal(runs.stderr, 'no deliveries since the agent began\n')
    assert.equal(rests.stderr, 'no agent runs on this log: only a running agent remembers its deliveries\n')
  })
})
