import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { decode, encode } from '../../../lib/level/format/records.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { repairLog } from '../../../lib/level/repair-log.ts'
import { keepFiles } from '../../../lib/level/store/kept-files.ts'
import { draft, draftsOf, refused } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** Returns the files of LevelDB with their contents. */
function files(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => /^(\d+\..*|CURRENT|MANIFEST-\d+)$/.test(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), 'base64')]))
}

/** Makes a log with events in tables and in its log file. */
async function written(t: TestContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'log')
  for (let i = 1; i <= 3; i++) {
    const log = await openLog(directory)
    await log.accept(draftsOf(i * 10))
    if (i === 2) await log.compact()
    await log.close()
  }
  return directory
}

describe('a log that is refused after LevelDB opened it', () => {
  it('has its files back, each unchanged', async (t) => {
    const directory = await written(t)
    // Only MARK shows that events are missing.
    const path = join(directory, 'MARK')
    writeFileSync(path, encode('MARK', { ...decode<object>('MARK', readFileSync(path, 'utf8')), seq: 31 }))
    const before = files(directory)
    for (let i = 0; i < 3; i++) {
      await assert.rejects(openLog(directory), refused('TIDINGS_LOG_DAMAGED', { seq: 31 }))
      assert.deepEqual(files(directory), before)
      assert(!readdirSync(directory).some((name) => name.startsWith('KEPT')))
    }
  })
})

describe('a log that is opened', () => {
  it('deletes the kept files once it is sound, also those of another process', async (t) => {
    const directory = await written(t)
    keepFiles(directory)
    assert(readdirSync(directory).includes('KEPT'))
    mkdirSync(join(directory, 'KEPT.new'))
    const log = await openLog(directory)
    assert(!readdirSync(directory).some((name) => name.startsWith('KEPT')))
    assert.equal((await log.accept([draft('event 30')]))[0]?.status, 'duplicate')
    await log.close()
  })

  it('is not restored to the kept files of a dead process when it is refused', async (t) => {
    const directory = await written(t)
    keepFiles(directory)
    rmSync(join(directory, 'CURRENT'))
    const before = files(directory)
    await assert.rejects(openLog(directory), refused('TIDINGS_LOG_DAMAGED'))
    assert.deepEqual(files(directory), before)
    assert(readdirSync(directory).includes('KEPT'))
  })
})

describe('a repair', () => {
  it('finds every event with an older MANIFEST, and without MARK and CURRENT', async (t) => {
    const directory = await written(t)
    const copy = `${directory}-copy`
    const manifest = readdirSync(directory).find((name) => name.startsWith('MANIFEST')) as string
    const { length } = readFileSync(join(directory, manifest))
    const cuts = [1, 20, 60, 100, length - 1].map((to) => (): void => truncateSync(join(copy, manifest), to))
    const gone = (): void => ['MARK', 'CURRENT'].forEach((name) => rmSync(join(copy, name)))
    for (const harm of [...cuts, gone]) {
      cpSync(directory, copy, { recursive: true })
      harm()
      const made = await repairLog(copy, `${copy}.repaired`)
      assert.deepEqual([made.events, made.lost, made.problems], [30, [], []])
      for (const each of [copy, `${copy}.repaired`]) rmSync(each, { recursive: true })
    }
  })

  it('finds the kept files of a process that died while it opened the log', async (t) => {
    const directory = await written(t)
    keepFiles(directory)
    for (const name of readdirSync(directory)) if (/^\d|CURRENT/.test(name)) rmSync(join(directory, name))
    const made = await repairLog(directory, `${directory}.repaired`)
    assert.deepEqual([made.events, made.lost, made.problems], [30, [], []])
  })
})
