import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { closeCache, compileCache } from '../../../bin/user/compile-cache.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const { HOME, XDG_CACHE_HOME } = process.env

function surroundings(environment: { readonly HOME?: string; readonly XDG_CACHE_HOME?: string }): void {
  for (const name of ['HOME', 'XDG_CACHE_HOME'] as const) {
    const value = environment[name]
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

describe('the cache of compiled modules', () => {
  afterEach(() =>
    surroundings({
      ...(HOME === undefined ? {} : { HOME }),
      ...(XDG_CACHE_HOME === undefined ? {} : { XDG_CACHE_HOME }),
    }),
  )

  it('belongs to its owner alone, whatever the umask', (t) => {
    const home = temporaryDirectory(t)
    const before = process.umask(0)
    t.after(() => process.umask(before))
    surroundings({ XDG_CACHE_HOME: join(home, 'a/b') })
    const cache = compileCache()
    assert.equal(cache, join(home, 'a/b/tidings'))
    writeFileSync(join(cache, 'compiled.mjs'), 'x')
    closeCache(cache)
    assert.equal(statSync(cache).mode & 0o777, 0o700)
    assert.equal(statSync(join(cache, 'compiled.mjs')).mode & 0o777, 0o600)
  })

  it('deletes files that others could have written, and keeps the rest', (t) => {
    const home = temporaryDirectory(t)
    surroundings({ HOME: home })
    const cache = join(home, '.cache/tidings')
    mkdirSync(cache, { recursive: true })
    for (const [name, mode] of [
      ['ours', 0o600],
      ['group', 0o660],
      ['all', 0o666],
    ] as const) {
      writeFileSync(join(cache, name), 'x')
      chmodSync(join(cache, name), mode)
    }
    symlinkSync(join(home, 'elsewhere'), join(cache, 'link'))
    assert.equal(compileCache(), cache)
    assert.deepEqual(readdirSync(cache), ['ours'])
  })

  it('is not used where others can replace it, or through a link', (t) => {
    const home = temporaryDirectory(t)
    mkdirSync(join(home, 'open'))
    chmodSync(join(home, 'open'), 0o777)
    surroundings({ XDG_CACHE_HOME: join(home, 'open') })
    assert.equal(compileCache(), false)
    mkdirSync(join(home, 'cache'))
    mkdirSync(join(home, 'other'))
    symlinkSync(join(home, 'other'), join(home, 'cache/tidings'))
    surroundings({ XDG_CACHE_HOME: join(home, 'cache') })
    assert.equal(compileCache(), false)
  })

  it('is never in the working folder, and is disabled without a home directory', (t) => {
    const home = temporaryDirectory(t)
    const here = process.cwd()
    process.chdir(home)
    t.after(() => process.chdir(here))
    for (const environment of [
      { HOME: '' },
      { HOME: 'relative' },
      { XDG_CACHE_HOME: '', HOME: '' },
      { HOME: '/proc/none' },
    ]) {
      surroundings(environment)
      assert.equal(compileCache(), false)
    }
    surroundings({ XDG_CACHE_HOME: '', HOME: home })
    assert.equal(compileCache(), join(home, '.cache/tidings'))
    assert.ok(!existsSync(join(home, 'tidings')))
    assert.deepEqual(readdirSync(home), ['.cache'])
  })
})
