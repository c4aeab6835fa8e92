import assert from 'node:assert/strict'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { watchFolder } from './files-service.ts'

/** Permissions do not stop root: its agent runs as `nobody` meanwhile. */
const NOBODY = 65_534

describe('files in folders that can not be read', () => {
  it('cause no events until they can', async (t) => {
    const { path, look, write } = await watchFolder(t)
    const isRoot = process.geteuid?.() === 0
    const asRoot = (work: () => void): void => {
      if (isRoot) process.seteuid?.(0)
      work()
      if (isRoot) process.seteuid?.(NOBODY)
    }
    t.after(() => isRoot && process.seteuid?.(0))
    const mode = (file: string, bits: number): void => asRoot(() => chmodSync(join(path, file), bits))
    asRoot(() => {
      for (const file of ['shut/a', 'listed/b', 'secret']) write(file, 'x')
    })
    mode('', 0o755)
    assert.deepEqual(await look(), [])

    mode('shut', 0)
    mode('listed', 0o444)
    mode('secret', 0)
    assert.deepEqual(await look(), [])
    if (isRoot) {
      asRoot(() => {
        write('shut/a', 'longer')
        rmSync(join(path, 'listed/b'))
      })
      // The folder can be listed, so the file is known to be gone.
      assert.deepEqual(await look(), ['gone listed/b'])
    }
    mode('shut', 0o755)
    mode('listed', 0o755)
    mode('secret', 0o644)
    assert.deepEqual(await look(), isRoot ? ['changed shut/a'] : [])

    mode('', 0)
    assert.deepEqual(await look(), [])
    mode('', 0o755)
    assert.deepEqual(await look(), [])
  })
})
