import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { makeDirectory } from '../../../lib/level/store/log-files.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('makeDirectory', () => {
  it('makes what is missing above it, for its owner alone', async (t) => {
    const top = temporaryDirectory(t)
    await makeDirectory(join(top, 'a/b'))
    for (const name of ['a', 'a/b']) assert.equal(statSync(join(top, name)).mode & 0o777, 0o700)
  })

  it('shares the missing ones above with others who make theirs at the same time', async (t) => {
    const top = temporaryDirectory(t)
    for (let round = 0; round < 200; round++) {
      // The second begins a little later in every round: somewhere between two steps of the first.
      const late = async (): Promise<void> => {
        for (let turns = round % 20; turns > 0; turns--) await turn()
        await makeDirectory(join(top, String(round), '.tidings/two'))
      }
      await Promise.all([makeDirectory(join(top, String(round), '.tidings/one')), late(), late()])
      for (const name of ['one', 'two']) assert.ok(existsSync(join(top, String(round), '.tidings', name)))
    }
  })

  it('fails in a folder that takes none, and behind a file', async () => {
    await assert.rejects(makeDirectory('/proc/tidings/log'), { code: 'ENOENT' })
    await assert.rejects(makeDirectory(`${process.execPath}/log`), { code: 'ENOTDIR' })
  })
})
