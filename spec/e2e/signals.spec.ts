import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { family, isRunning, pidsIn, untilEnded } from '../support/programs.ts'
import { until } from '../support/until.ts'
import { start, userFolder } from './program.ts'
import { terminal } from './terminal.ts'

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
  it('reloads at SIGHUP: what runs may end, then the new code runs in the same process', async (t) => {
    const folder = userFolder(t, { 'waits.ts': waits })
    const running = start(t, folder, 'tidings', ['run', 'waits.ts'])
    await running.said(/begun/)
    writeFileSync(
      join(folder, 'waits.ts'),
      `${waits} // and more`.replace("console.log('begun')", "console.log('new')"),
    )
    running.send('SIGHUP')
    await running.said(/reloading agent/)
    writeFileSync(join(folder, 'go'), '')
    await running.said(/^new$/m)
    writeFileSync(join(folder, 'waits.ts'), 'oops(')
    running.send('SIGHUP')
    await running.said(
      /"reason":"waits\.ts:1:\d+: .*; still running the version of \d\d:\d\d","msg":"agent not reloaded"/,
    )
    const { code, stdout, lines } = await running.signal('SIGTERM')
    assert.deepEqual([code, stdout], [0, 'begun\nended\nnew\nended\n'])
    const reloaded = lines.filter(({ msg }) => msg === 'agent reloaded').map(({ changes }) => changes)
    assert.deepEqual(reloaded, [['changed job waits']])
    assert.equal(lines.at(-1)?.msg, 'agent stopped')
  })

  it('stops with its grace period when its terminal is closed', async (t) => {
    const saysPid = "import { writeFileSync } from 'node:fs'\nwriteFileSync('pid', String(process.pid))"
    const folder = userFolder(t, { 'waits.ts': `${waits}\n${saysPid}` })
    const shell = terminal(t, folder, ['run', 'waits.ts', '> out', '2> log'])
    const has = (file: string, words: string): boolean =>
      existsSync(join(folder, file)) && readFileSync(join(folder, file), 'utf8').includes(words)
    await until(() => has('out', 'begun'))
    shell.close()
    await shell.ended
    writeFileSync(join(folder, 'go'), '')
    await until(() => has('log', 'agent stopped'))
    assert(has('out', 'ended'))
    assert(!has('log', 'reloading agent'))
    await untilEnded([Number(readFileSync(join(folder, 'pid'), 'utf8'))])
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
