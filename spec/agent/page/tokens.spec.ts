import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { tokensIn } from '../../../lib/agent/page/tokens.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('the tokens of a page', () => {
  it('are in files for their owner alone, and stay', async (t) => {
    const directory = temporaryDirectory(t)
    const { of, cookie } = await tokensIn(directory)
    assert.deepEqual(readdirSync(directory).sort(), ['ui-token', 'ui-token-read-only'])
    for (const [rights, file] of [
      ['act', 'ui-token'],
      ['look', 'ui-token-read-only'],
    ] as const) {
      const path = join(directory, file)
      assert.equal(readFileSync(path, 'utf8'), `${of[rights]}\n`)
      assert.equal(statSync(path).mode & 0o777, 0o600)
      assert.equal(Buffer.from(of[rights], 'base64url').length * 8, 192)
    }
    const before = statSync(directory, { bigint: true }).mtimeNs
    const again = await tokensIn(directory)
    assert.deepEqual([again.of, again.cookie], [of, cookie])
    // Nothing was written: a folder may be read-only by now.
    assert.equal(statSync(directory, { bigint: true }).mtimeNs, before)
  })

  it('differ from agent to agent, also by the name of the cookie', async (t) => {
    const [one, other] = [await tokensIn(temporaryDirectory(t)), await tokensIn(undefined)]
    assert.equal(new Set([...Object.values(one.of), ...Object.values(other.of)]).size, 4)
    assert.notEqual(one.cookie, other.cookie)
    assert.deepEqual([one.rightsOf(one.of.act), one.rightsOf(one.of.look)], ['act', 'look'])
    for (const text of [other.of.act, '', one.of.act.slice(1), `${one.of.act}A`, one.of.act + one.of.look])
      assert.equal(one.rightsOf(text), undefined)
  })

  it('are replaced if others may have read or chosen them', async (t) => {
    const directory = temporaryDirectory(t)
    const path = join(directory, 'ui-token')
    const first = (await tokensIn(directory)).of
    const damages: readonly (() => void)[] = [
      () => chmodSync(path, 0o640),
      () => writeFileSync(path, 'easy\n'),
      () => writeFileSync(path, `${first.act}\n${first.act}\n`),
      () => {
        writeFileSync(join(directory, 'elsewhere'), `${first.act}\n`, { mode: 0o600 })
        rmSync(path)
        symlinkSync(join(directory, 'elsewhere'), path)
      },
    ]
    const seen = new Set([first.act])
    for (const damage of damages) {
      damage()
      const { of } = await tokensIn(directory)
      assert.equal(of.look, first.look)
      assert.ok(!seen.has(of.act), String(damage))
      seen.add(of.act)
      assert.equal(readFileSync(path, 'utf8'), `${of.act}\n`)
      assert.ok(statSync(path).isFile() && (statSync(path).mode & 0o777) === 0o600)
    }
  })

  it('are the same for processes that begin at once', async (t) => {
    for (let round = 0; round < 20; round++) {
      const directory = temporaryDirectory(t)
      // In half of the rounds, they find a token that others may have read.
      if (round % 2 === 1) writeFileSync(join(directory, 'ui-token'), 'easy\n')
      const all = await Promise.all(Array.from({ length: 8 }, () => tokensIn(directory)))
      assert.equal(new Set(all.map(({ of }) => of.act)).size, 1, `round ${round}`)
      assert.deepEqual(readdirSync(directory).sort(), ['ui-token', 'ui-token-read-only'])
    }
  })

  it('are replaced although a process died as it replaced one', async (t) => {
    const directory = temporaryDirectory(t)
    writeFileSync(join(directory, 'ui-token'), 'easy\n')
    mkdirSync(join(directory, 'ui-token.replacing'))
    const { of } = await tokensIn(directory)
    assert.equal(readFileSync(join(directory, 'ui-token'), 'utf8'), `${of.act}\n`)
    assert.deepEqual(readdirSync(directory).sort(), ['ui-token', 'ui-token-read-only'])
  })

  it('last as long as the process where they can’t be written', async (t) => {
    const nowhere = join(temporaryDirectory(t), 'missing', 'folder')
    assert.match((await tokensIn(nowhere)).of.act, /^[\w-]{32}$/)
  })
})
