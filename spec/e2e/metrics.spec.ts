import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { agent, openLog, start } from '../../lib/index.ts'
import { command } from '../support/command.ts'
import { parsePrometheus } from '../support/prometheus.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function restingLog(t: TestContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'log')
  const log = await openLog(directory, { warn: () => undefined })
  await log.accept([{ type: 't', identifier: '1', data: 1 }])
  await log.close()
  return directory
}

describe('tidings metrics', () => {
  it('prints the metrics of a resting log, and of the agent that runs on it', async (t) => {
    const db = await restingLog(t)
    const rests = await command('metrics', '--db', db)
    assert.deepEqual([rests.code, rests.stderr], [0, ''])
    assert.equal(parsePrometheus(rests.stdout).get('tidings_log_events')?.series[0]?.value, 1)
    const log = await openLog(db, { warn: () => undefined })
    const running = await start(agent('home', []), { log, logger: false, serve: db })
    const runs = await command('metrics', '--db', db)
    await running.stop()
    await log.close()
    assert.equal(parsePrometheus(runs.stdout).get('tidings_info')?.series[0]?.labels.get('agent'), 'home')
  })

  it('replaces a file as a whole, readable by all, and leaves no other', async (t) => {
    const db = await restingLog(t)
    const folder = join(temporaryDirectory(t), 'textfile')
    mkdirSync(folder)
    const to = join(folder, 'home.prom')
    for (const _ of [1, 2]) {
      const said = await command('metrics', '--db', db, '--to', to)
      assert.deepEqual(said, { code: 0, stdout: '', stderr: '' })
      parsePrometheus(readFileSync(to, 'utf8'))
    }
    assert.equal(statSync(to).mode & 0o444, 0o444)
    assert.deepEqual(readdirSync(folder), ['home.prom'])
  })

  it('does not replace anything but metrics without being told', async (t) => {
    const db = await restingLog(t)
    const to = join(temporaryDirectory(t), 'notes.txt')
    writeFileSync(to, 'mine')
    const said = await command('metrics', '--db', db, '--to', to)
    assert.equal(said.code, 2)
    assert.equal(readFileSync(to, 'utf8'), 'mine')
    assert.equal((await command('metrics', '--db', db, '--to', to, '--yes')).code, 0)
    parsePrometheus(readFileSync(to, 'utf8'))
    const folder = await command('metrics', '--db', db, '--to', temporaryDirectory(t))
    assert.deepEqual([folder.code, /is not a file/.test(folder.stderr)], [2, true])
    const missing = await command('metrics', '--db', db, '--to', join(temporaryDirectory(t), 'no', 'home.prom'))
    assert.deepEqual([missing.code, /--to needs an existing folder, and there is no /.test(missing.stderr)], [2, true])
  })

  it('replaces neither a link nor a FIFO, as /dev/stdout and /dev/null are', async (t) => {
    const db = await restingLog(t)
    const [fifo, file, link] = ['fifo', 'home.prom', 'link'].map((name) => join(temporaryDirectory(t), name)) as [
      string,
      string,
      string,
    ]
    execFileSync('mkfifo', [fifo])
    writeFileSync(file, '')
    symlinkSync(file, link)
    const said = await command('metrics', '--db', db, '--to', fifo)
    assert.deepEqual([said.code, lstatSync(fifo).isFIFO()], [2, true])
    assert.equal((await command('metrics', '--db', db, '--to', link)).code, 0)
    assert.ok(lstatSync(link).isSymbolicLink())
    parsePrometheus(readFileSync(file, 'utf8'))
  })
})
