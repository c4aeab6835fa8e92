// A few requests to services outside this machine, so only with TIDINGS_REAL=1: the package registry that npm is
// configured with, and the repository of this project.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { StoredEvent } from '../../lib/index.ts'
import { type Commit, git } from '../../streams/git.ts'
import { type NpmVersion, npm } from '../../streams/npm.ts'
import { watchStream } from '../support/watch-stream.ts'

const root = join(import.meta.dirname, '../..')
const isWanted = process.env['TIDINGS_REAL'] === '1'

describe('the streams and real services', { skip: isWanted ? false : 'needs TIDINGS_REAL=1' }, () => {
  it('npm tells the versions of two packages, and asks only for news', { timeout: 120_000 }, async (t) => {
    const baseUrl = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
    const asked: (string | null)[] = []
    const statuses: number[] = []
    const counted: typeof fetch = async (input, init) => {
      asked.push(new Headers(init?.headers).get('if-none-match'))
      const response = await fetch(input, init)
      statuses.push(response.status)
      return response
    }
    const stream = npm({ packages: ['rxjs', '@types/yargs'], baseUrl, backfill: 3 })
    const { see, told } = await watchStream(t, stream, { fetch: counted })
    await see('npm.rxjs')
    await see('npm.@types/yargs')
    assert.equal(told.length, 6)
    for (const { identifier, data } of told as readonly StoredEvent<string, NpmVersion>[]) {
      assert.equal(identifier, `${data.name}@${data.version}`)
      assert.match(data.version, /^\d+\.\d+\.\d+$/)
      assert.match(data.published ?? '', /^20\d\d-.*Z$/)
    }
    await see('npm.rxjs')
    assert.equal(told.length, 6)
    // A registry without validators answers in full; one with them must be asked with them.
    assert.ok(asked[2] !== null || statuses[2] === 200)
    assert.equal(asked.length, 3)
  })

  it('git tells the commits of this repository once', {
    timeout: 120_000,
    skip: !existsSync(join(root, '.git')),
  }, async (t) => {
    const { see, told } = await watchStream(t, git({ path: root, first: { tell: 5 } }))
    await see('git.commits')
    await see('git.commits')
    assert.equal(told.length, 5)
    const newest = execFileSync('git', ['-C', root, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
    assert.equal((told.at(-1)?.data as Commit | undefined)?.hash, newest)
  })
})
