import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { logOfFile } from '../../../bin/logs/which-log.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** Runs the test in an empty folder: agents keep their logs where they are started. */
function elsewhere(t: TestContext): void {
  const folder = temporaryDirectory(t)
  const before = process.cwd()
  process.chdir(folder)
  t.after(() => process.chdir(before))
}

async function logIn(directory: string): Promise<void> {
  await (await openLog(directory)).close()
}

/** The folder of the log, and what was said. */
async function asked(file: string, db?: string): Promise<readonly string[]> {
  const said: string[] = []
  return [await logOfFile('home', file, db, (words) => said.push(words)), ...said]
}

describe('the log of an agent in a file', () => {
  it('is reported as elsewhere, if it is beside the file and not in this folder', async (t) => {
    elsewhere(t)
    const here = join('.tidings', 'home')
    const beside = join('agents', '.tidings', 'home')
    assert.deepEqual(await asked('agents/home.ts'), [here])
    await logIn(beside)
    const words = `agent "home" has a log beside its file, which is not used in this folder: to use it, add --db ${beside}`
    assert.deepEqual(await asked('agents/home.ts'), [here, words])
    assert.deepEqual(await asked('agents/home.ts', beside), [beside])
    assert.deepEqual(await asked('home.ts'), [here])
    await logIn(here)
    assert.deepEqual(await asked('agents/home.ts'), [here])
  })
})
