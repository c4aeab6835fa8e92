import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { openLog } from '../../lib/log/open-log.ts'
import { repairLog } from '../../lib/log/repair-log.ts'
import { draft, refused } from '../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const locked = refused('TIDINGS_LOG_LOCKED')

/** What another process is told that opens the log. */
async function another(directory: string): Promise<string> {
  const lib = pathToFileURL(join(import.meta.dirname, '../../lib/log/open-log.ts')).href
  const program = `
    const { openLog } = await import(${JSON.stringify(lib)})
    const told = await openLog(${JSON.stringify(directory)}).then((log) => log.close().then(() => 'open'), ({ code }) => code)
    process.stdout.write(told)`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
  return (await promisify(execFile)(process.execPath, args)).stdout
}

describe('a log that is open', () => {
  it('stays closed to other processes, also when this one has tried to open it once more', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory)
    t.after(() => log.close())
    await assert.rejects(openLog(directory), locked)
    await assert.rejects(repairLog(directory, `${directory}.repaired`), locked)
    assert.equal(await another(directory), 'TIDINGS_LOG_LOCKED')
    await log.close()
    assert.equal(await another(directory), 'open')
  })

  it('is the same one under another name, and is opened by nobody else when many try', async (t) => {
    const root = temporaryDirectory(t)
    const [directory, link] = [join(root, 'log'), join(root, 'link')]
    const log = await openLog(directory)
    symlinkSync(directory, link)
    await assert.rejects(openLog(link), locked)
    await log.close()
    const tried = await Promise.allSettled([openLog(link), openLog(directory), openLog(link)])
    const [opened, ...others] = tried.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    assert(opened !== undefined && others.length === 0)
    for (const each of tried) if (each.status === 'rejected') locked(each.reason)
    await opened.accept([draft('1')])
    await opened.close()
  })

  it('may be opened again after it could not be opened', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    await (await openLog(directory)).close()
    await assert.rejects(openLog(directory, { identity: 'identifier' }), refused('TIDINGS_LOG_IDENTITY'))
    await (await openLog(directory)).close()
  })
})
