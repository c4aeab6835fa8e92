import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openLog } from '../../../lib/level/open-log.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('a log file of LevelDB that repeats its writes', () => {
  // LevelDB ends the process when it reads them: no error could be caught.
  it('is refused before LevelDB reads it', async (t) => {
    const directory = temporaryDirectory(t)
    const log = await openLog(directory)
    await log.accept([{ type: 'x', identifier: '1', data: 1 }])
    await log.close()
    const file = readdirSync(directory).find((name) => name.endsWith('.log')) as string
    const path = join(directory, file)
    const bytes = readFileSync(path)
    writeFileSync(path, Buffer.concat([bytes, bytes]))
    const refused = { code: 'TIDINGS_LOG_DAMAGED', message: /has write 1 a second time/ }
    await assert.rejects(openLog(directory), refused)
    writeFileSync(path, bytes)
    const again = await openLog(directory)
    assert.equal(await again.last(), 1)
    await again.close()
  })
})
