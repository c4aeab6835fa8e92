import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Editing, kinds } from './dev-edits.ts'
import { start, userFolder } from './program.ts'
import { terminal } from './terminal.ts'

describe('tidings dev', () => {
  it('reloads code that is edited while events flow, and runs on when it is wrong', async (t) => {
    const editing = new Editing(t)
    await editing.begin()
    for (const kind of ['words', 'add', 'adopt', 'syntax', 'unlink', 'schedule'] satisfies (typeof kinds)[number][])
      await editing.edit({ kind, a: 1, b: 4 })
    await editing.end()
  })

  it('reads keys from a terminal, and leaves it as it was', async (t) => {
    const shell = terminal(t, userFolder(t), ['dev', 'hello.ts', '--env-file', '/dev/null'])
    await shell.shows(/r reloads, u opens the page, q quits/)
    shell.type('r')
    await shell.shows(/reloaded\r?\n= jobs and listeners as before\r?\n= log \.tidings\/hello, /)
    shell.type('ux')
    await shell.shows(/page: http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}\r?\n/)
    shell.type('q')
    assert.equal(await shell.ended, 0)
    assert.match(shell.shown(), /agent stopped/)
    assert.equal(shell.settings('after'), shell.settings('before'))
  })

  it('waits for code that loads, and reads environment files again', async (t) => {
    const code = (name: string) => `
      import { agent, every, job } from 'tidings'
      export default agent('home', [job('${name}', every('1h'), () => console.log('word', process.env.WORD), { atStart: true })])`
    const folder = userFolder(t, { 'home.ts': 'export default', env: 'WORD=one' })
    const running = start(t, folder, 'tidings', ['dev', 'home.ts', '--env-file', 'env'])
    await running.said(/^home\.ts:1:\d+: .*; waiting for a change$/m)
    writeFileSync(join(folder, 'home.ts'), code('a'))
    await running.said(/^word one$/m)
    await running.said(/reloads when one of 2 files changes\n/)
    writeFileSync(join(folder, 'env'), 'OTHER=1\nWORD=two\n')
    await running.said(/^reloaded: env\n= jobs and listeners as before$/m)
    await running.said(/^word two$/m)
    writeFileSync(join(folder, 'home.ts'), code('b'))
    await running.said(/^\+ job b\n- job a\n= log \.tidings\/home, no events$/m)
    const { code: exit, stderr } = await running.signal('SIGTERM')
    assert.equal(exit, 0, stderr)
  })
})
