import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { breaks } from './breaks.ts'
import { root } from './root.ts'

describe('the ways to break the engine', () => {
  it('each still apply, at one place', () => {
    const gone = breaks.filter(({ file, from }) => {
      const path = join(root, file)
      return !existsSync(path) || readFileSync(path, 'utf8').split(from).length !== 2
    })
    assert.deepEqual(
      gone.map(({ words, file, from }) => ({ words, file, from })),
      [],
    )
  })

  it('change something, and name a spec that is there', () => {
    for (const { words, from, to, spec } of breaks) {
      assert.notEqual(from, to, words)
      assert.ok(existsSync(join(root, 'spec', spec[0])), words)
    }
  })
})
