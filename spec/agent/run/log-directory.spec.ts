import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { holdsLog, removeLog } from '../../../lib/cli.ts'
import { openLog } from '../../../lib/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

async function makeLog(directory: string): Promise<void> {
  const log = await openLog(directory)
  await log.accept([{ type: 't', identifier: '1', data: 1 }])
  await log.close()
}

describe('removeLog', () => {
  it('removes a log with its directory, so that events may be told again', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    await makeLog(directory)
    assert.equal(await holdsLog(directory), true)
    assert.equal(await removeLog(directory), true)
    assert.equal(existsSync(directory), false)
    assert.equal(await removeLog(directory), false)
    assert.equal(await holdsLog(directory), false)
    writeFileSync(directory, 'a file')
    assert.equal(await holdsLog(directory), false)
    rmSync(directory)
    const log = await openLog(directory)
    t.after(() => log.close())
    const [receipt] = await log.accept([{ type: 't', identifier: '1', data: 1 }])
    assert.equal(receipt?.status, 'new')
  })

  it('leaves files of others, and directories without a log', async (t) => {
    const directory = temporaryDirectory(t)
    await makeLog(directory)
    mkdirSync(join(directory, 'src'))
    for (const name of ['notes.txt', 'LOGS', '1.log.txt', 'src/000001.log'])
      writeFileSync(join(directory, name), 'mine')
    assert.equal(await removeLog(directory), true)
    assert.deepEqual(readdirSync(directory).sort(), ['1.log.txt', 'LOGS', 'notes.txt', 'src'])
    assert.deepEqual(readdirSync(join(directory, 'src')), ['000001.log'])
    await assert.rejects(removeLog(directory), { code: 'TIDINGS_LOG_INVALID', message: /holds no log/ })
    assert.deepEqual(readdirSync(directory).sort(), ['1.log.txt', 'LOGS', 'notes.txt', 'src'])
  })

  it('rejects a log that is in use, and removes a damaged log', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory)
    await assert.rejects(removeLog(directory), { code: 'TIDINGS_LOG_LOCKED' })
    await log.accept([{ type: 't', identifier: '1', data: 1 }])
    await log.close()
    writeFileSync(join(directory, 'CURRENT'), 'nonsense\n')
    await assert.rejects(openLog(directory, { warn: () => undefined }))
    assert.equal(await removeLog(directory), true)
    assert.equal(existsSync(directory), false)
  })
})
