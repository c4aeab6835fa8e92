import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { removeLog } from '../../../lib/agent/run/log-directory.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { draft, draftsOf, refused } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** Returns everything visible of a folder: modes, contents, times of change. */
function look(path: string): unknown {
  const { mode, mtimeMs, ino } = statSync(path)
  const inside = statSync(path).isDirectory()
    ? Object.fromEntries(readdirSync(path).map((name) => [name, look(join(path, name))]))
    : statSync(path).isFile() && readFileSync(path, 'latin1')
  return { mode, mtimeMs, ino, inside }
}

async function assertUntouched(directory: string, what: string): Promise<void> {
  const before = look(directory)
  await assert.rejects(openLog(directory), refused('TIDINGS_LOG_INVALID'), what)
  await assert.rejects(removeLog(directory), refused('TIDINGS_LOG_INVALID'), what)
  assert.deepEqual(look(directory), before, what)
}

/** Makes a folder that other users may read, with these files; a name may contain folders. */
function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = join(temporaryDirectory(t), 'shared')
  mkdirSync(directory)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  chmodSync(directory, 0o1777)
  return directory
}

describe('a folder with other files', () => {
  it('is refused and left unchanged, whatever the names of its files', async (t) => {
    const names = ['notes.txt', '.gitignore', 'src/index.ts', '7.log', '20240101.log', '12.ldb', '12.sst', '3.dbtmp']
    const ours = [
      'LOG',
      'LOG.old',
      'CURRENT',
      'MANIFEST-000001',
      'MANIFEST-7',
      'MARK',
      'FILTER',
      'agent.sock',
      'KEPT',
      'ui-token',
    ]
    for (const name of [...names, ...ours, 'MARK.1', 'lost+found'])
      await assertUntouched(folder(t, { [name]: 'mine' }), name)
    await assertUntouched(folder(t, Object.fromEntries([...names, ...ours].map((name) => [name, 'mine']))), 'all')
    await assertUntouched(folder(t, { LOCK: '', '000007.log': '' }), 'an empty log file')
  })

  it('is refused when it is the LevelDB of another program, or a part of one', async (t) => {
    const directory = folder(t, {})
    const db = new ClassicLevel(directory)
    await db.batch(Array.from({ length: 2000 }, (_, n) => ({ type: 'put', key: `e${n}`, value: '{"a":1}'.repeat(20) })))
    await db.close()
    chmodSync(directory, 0o755)
    await assertUntouched(directory, 'in a log file')
    await db.open()
    await db.compactRange('', 'z')
    await db.close()
    await assertUntouched(directory, 'in a table')
    for (const name of readdirSync(directory)) {
      const copy = `${directory}-without-${name}`
      cpSync(directory, copy, { recursive: true })
      rmSync(join(copy, name))
      if (/^(\d|CURRENT|MANIFEST)/.test(name)) await assertUntouched(copy, `without ${name}`)
    }
  })

  it('is refused when a link leads to it', async (t) => {
    const directory = folder(t, { 'notes.txt': 'mine' })
    symlinkSync(directory, `${directory}-link`)
    await assertUntouched(`${directory}-link`, 'a link')
  })
})

describe('a folder with a log', () => {
  it('is opened, whatever other files it has, and without its MARK', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    for (let i = 0; i < 3; i++) {
      const log = await openLog(directory)
      await log.accept(draftsOf(10))
      assert.equal(await log.last(), 10)
      await log.close()
      writeFileSync(join(directory, 'notes.txt'), 'mine')
      mkdirSync(join(directory, 'deeper'), { recursive: true })
      rmSync(join(directory, 'MARK'))
    }
    assert.equal(readFileSync(join(directory, 'notes.txt'), 'utf8'), 'mine')
  })

  it('and missing parts is damaged, and not foreign', async (t) => {
    const whole = join(temporaryDirectory(t), 'log')
    for (let i = 0; i < 2; i++) {
      const log = await openLog(whole)
      await log.accept([draft(`${i}`)])
      await log.close()
    }
    for (const gone of [
      /CURRENT/,
      /MANIFEST/,
      /CURRENT|MARK/,
      /CURRENT|MANIFEST|MARK/,
      /ldb|CURRENT|MARK/,
      /MARK|\.log|CURRENT/,
    ]) {
      const directory = `${whole}-copy`
      cpSync(whole, directory, { recursive: true })
      for (const name of readdirSync(directory)) if (gone.test(name)) rmSync(join(directory, name))
      const before = readdirSync(directory)
      await assert.rejects(openLog(directory), refused('TIDINGS_LOG_DAMAGED'), String(gone))
      assert.deepEqual(readdirSync(directory), before)
      rmSync(directory, { recursive: true })
    }
  })
})

describe('a folder in which a log is being made', () => {
  it('is accepted, wherever the process died', async (t) => {
    const diary = '2026/01/01-10:00:00.000000 7f Creating DB\n'
    const empty = [{}, { LOCK: '' }, { LOCK: '', LOG: diary, 'LOG.old': '' }, { '000001.dbtmp': 'MANIFEST-000001\n' }]
    for (const files of empty) {
      const log = await openLog(folder(t, files))
      assert.equal((await log.accept([draft('1')]))[0]?.status, 'new')
      await log.close()
    }
    const store = folder(t, {})
    const db = new ClassicLevel(store)
    await db.open()
    await db.close()
    await (await openLog(store)).close()
  })

  it('is accepted with a MANIFEST but no CURRENT, with the socket and the tokens of an agent, and at the top of a new disk', async (t) => {
    const directory = folder(t, {})
    const store = join(temporaryDirectory(t), 'store')
    const db = new ClassicLevel(store)
    await db.open()
    await db.close()
    const [manifest] = readdirSync(store).filter((name) => name.startsWith('MANIFEST'))
    cpSync(join(store, manifest as string), join(directory, 'MANIFEST-000001'))
    mkdirSync(join(directory, 'lost+found'))
    writeFileSync(join(directory, 'ui-token'), `${'a-_9'.repeat(8)}\n`)
    const server = createServer().listen(join(directory, 'agent.sock'))
    t.after(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    await (await openLog(directory)).close()
  })
})
