import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { logFor, logOfFile, shownPlace, whichLog } from '../../../bin/logs/which-log.ts'
import { openLog } from '../../../lib/agent/run/open-log.ts'
import { isPostgres } from '../../../lib/log-places.ts'
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

describe('the log that a command means', () => {
  it('is the only one, whatever a repair has left beside it', async (t) => {
    elsewhere(t)
    const home = join('.tidings', 'home')
    await logIn(`${home}.damaged`)
    assert.equal(await whichLog({}), `${home}.damaged`)
    await logIn(home)
    await logIn(`${home}.repaired`)
    assert.equal(await whichLog({}), home)
    await logIn(join('.tidings', 'my shop'))
    await assert.rejects(whichLog({}), {
      message: ".tidings has several logs: choose one with --agent home, --agent 'my shop'",
    })
  })
})

describe('an address of something other than PostgreSQL', () => {
  it('is refused without its password, and makes no folder', async (t) => {
    elsewhere(t)
    for (const [address, scheme] of [
      ['postgrs://me:SECRET@host/x', 'postgrs://'],
      ['mysql://me:SECRET@host/x', 'mysql://'],
      [' pg:/me:SECRET@host/x', 'pg:/'],
    ] as const) {
      const message = `a log is in a folder, or at an address that begins with postgres://, got "${scheme}"`
      assert.throws(() => logFor('home', address), { name: 'UsageError', message })
      await assert.rejects(whichLog({ db: address }), { name: 'UsageError', message })
      await assert.rejects(openLog(address), { code: 'TIDINGS_LOG_INVALID', message })
    }
    assert.deepEqual(readdirSync('.'), [])
    assert.equal(logFor('home', 'c:/logs/home'), 'c:/logs/home')
  })
})

describe('the place of a log as it is shown', () => {
  it('has no password, even in an invalid address', () => {
    const cases: Readonly<Record<string, string>> = {
      'postgres://me:SECRET@a:5433,b/x?schema=home': 'postgres://me@a:5433,b/x?schema=home',
      'postgres://me:SE@CRET@host/x': 'postgres://me@host/x',
      'postgres://me:SEC/RET@host/x': 'postgres://…@host/x',
      'postgres://me:SEC?RET@host/x': 'postgres://…@host/x',
      'postgres://me:SEC#RET@host/x': 'postgres://…@host/x',
      'postgres://me:SE@CR/ET@host/x': 'postgres://…@host/x',
      'POSTGRES://me:SECRET@host/x': 'POSTGRES://me@host/x',
      ' postgres:/me:SECRET@host/x': ' postgres:/me@host/x',
      'postgres://host/x?Password=SEC#RET&sslpassword=SECRET&user=me':
        'postgres://host/x?Password=…&sslpassword=…&user=me',
      'postgres://db.example/x?user=me@corp': 'postgres://db.example/x?user=me@corp',
      'postgres:///x?host=%2Frun': 'postgres:///x?host=%2Frun',
    }
    for (const [place, shown] of Object.entries(cases)) {
      assert.ok(isPostgres(place), place)
      assert.equal(shownPlace(place), shown)
    }
    assert.equal(shownPlace('pg://me:SECRET@host/x'), 'pg://me@host/x')
    assert.equal(shownPlace('.tidings/home'), '.tidings/home')
  })
})
