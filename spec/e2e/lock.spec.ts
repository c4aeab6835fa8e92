import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { start, tidings, userFolder } from './program.ts'

describe('a running agent', () => {
  it('keeps a second one out after LOCK is deleted, and ends when its claim is deleted', async (t) => {
    const folder = userFolder(t)
    const directory = join(folder, '.tidings/hello')
    const first = start(t, folder, 'tidings', ['run', 'hello.ts'])
    await first.said(/running job/)
    rmSync(join(directory, 'LOCK'))
    const second = await tidings(t, folder, ['run', 'hello.ts'])
    assert.equal(second.code, 3, second.stderr)
    assert.match(second.words, /in use by another process \(pid \d+\): agent "hello"/)
    for (const name of readdirSync(directory)) if (name.startsWith('OWNER-')) rmSync(join(directory, name))
    const { code, lines } = await first.ended
    assert.equal(code, 1)
    assert.ok(lines.some(({ msg }) => msg === 'the log closed itself, so the agent ends'))
    assert.equal((await tidings(t, folder, ['run', 'hello.ts', '--once'])).code, 0)
  })
})
