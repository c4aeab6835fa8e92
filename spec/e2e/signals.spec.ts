import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { family, isRunning, pidsIn, untilEnded } from '../support/programs.ts'
import { start, userFolder } from './program.ts'

const waits = `
  import { existsSync } from 'node:fs'
  import { setTimeout as sleep } from 'node:timers/promises'
  import { agent, every, job } from 'tidings'
  const run = async () => {
    console.log('begun')
    while (!existsSync('go')) await sleep(10)
    console.log('ended')
  }
  export default agent('waits', [job('waits', every('1h'), run, { atStart: true })])`

const hangs = (files: readonly string[]) => `
  import { agent, every, job } from 'tidings'
  const [file, args] = ${JSON.stringify(family)}
  const run = async ({ exec }) => void (await exec(file, [...args, ...${JSON.stringify(files)}]))
  export default agent('hangs', [job('hangs', every('1h'), run, { atStart: true })])`

describe('tidings run', () => {
  it('stops at SIGHUP with its grace period, however many arrive', async (t) => {
    const folder = userFolder(t, { 'waits.ts': waits })
    const running = start(t, folder, 'tidings', ['run', 'waits.ts'])
    await running.said(/begun/)
    void running.signal('SIGHUP')
    const ended = running.signal('SIGHUP')
    writeFileSync(join(folder, 'go'), '')
    const { code, stdout, lines } = await ended
    assert.deepEqual([code, stdout], [0, 'begun\nended\n'])
    assert.equal(lines.at(-1)?.msg, 'agent stopped')
  })

  it('leaves no child process behind, even when it exits at once', async (t) => {
    const folder = userFolder(t)
    const files = ['one', 'two'].map((name) => join(folder, name))
    writeFileSync(join(folder, 'hangs.ts'), hangs(files))
    const running = start(t, folder, 'tidings', ['run', 'hangs.ts', '-m'])
    const pids = await pidsIn(files)
    assert(pids.every(isRunning))
    void running.signal('SIGINT')
    void running.signal('SIGTERM')
    assert.equal((await running.ended).code, 1)
    await untilEnded(pids)
  })
})
