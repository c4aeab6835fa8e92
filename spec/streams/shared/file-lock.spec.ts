import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { thisProcess } from '../../../lib/streams.ts'
import { withFileLock } from '../../../streams/shared/file-lock.ts'
import { compiledProgram } from '../../support/compiled-program.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const { signal } = new AbortController()

/** A folder in which the given owners have left their files. */
function leftBy(t: TestContext, ...names: readonly string[]): string {
  const folder = join(temporaryDirectory(t), 'lock')
  mkdirSync(folder)
  for (const name of names) writeFileSync(join(folder, name), '')
  return folder
}

const enter = (folder: string, until_ = signal): Promise<string[]> =>
  withFileLock(folder, until_, async () => readdirSync(folder))

describe('the lock of a file', () => {
  it('leaves nothing behind', async (t) => {
    const folder = leftBy(t)
    assert.equal((await enter(folder)).length, 1)
    assert.deepEqual(readdirSync(folder), [])
    await assert.rejects(
      withFileLock(folder, signal, () => Promise.reject(new Error('no'))),
      /no/,
    )
    assert.deepEqual(readdirSync(folder), [])
  })

  it('passes, and deletes, the files of processes that are dead', async (t) => {
    // The names of a process that ended, as this machine writes them.
    const dead = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => dead.once('close', resolve))
    const [own = ''] = await enter(leftBy(t))
    const owner = own.replace(/^claim-\d+-/, '').replace(`.${process.pid}.`, `.${dead.pid}.`)
    const folder = leftBy(t, `claim-7-${owner}`, `choosing-${owner}`)
    await enter(folder)
    assert.deepEqual(readdirSync(folder), [])
  })

  it('waits for a living process, until its signal', async (t) => {
    const [own = ''] = await enter(leftBy(t))
    const { start = '' } = thisProcess()
    assert.ok(own.includes(`.${process.pid}.${start}.`))
    for (const state of ['choosing', 'claim-1']) {
      const name = `${state}-${own.replace(/^claim-\d+-/, '')}9`
      const folder = leftBy(t, name)
      const stop = new AbortController()
      const entered = enter(folder, stop.signal)
      await until(() => readdirSync(folder).length === 2)
      stop.abort(new Error('time is up'))
      await assert.rejects(entered, /time is up/)
      assert.deepEqual(readdirSync(folder), [name])
    }
  })

  it('waits a minute for an owner that cannot be checked', async (t) => {
    const elsewhere = 'claim-1-0123456789ab.1.2.0.1'
    const folder = leftBy(t, elsewhere)
    utimesSync(join(folder, elsewhere), 0, 0)
    assert.deepEqual((await enter(folder)).includes(elsewhere), false)
  })

  it('leaves other files alone', async (t) => {
    const folder = leftBy(t, 'journal', 'claim-x', 'choosing-')
    await enter(folder)
    assert.deepEqual(readdirSync(folder).toSorted(), ['choosing-', 'claim-x', 'journal'])
  })

  it('lets one process in at a time, also while others are killed', { timeout: 120_000 }, async (t) => {
    const folder = temporaryDirectory(t)
    writeFileSync(join(folder, 'counter'), '0')
    let done = 0
    const program = await compiledProgram(join(import.meta.dirname, 'programs/lock-child.ts'))
    const begin = (times: number) => {
      const child = spawn(process.execPath, [program, folder, String(times)])
      let acknowledged = 0
      child.stdout.on('data', (dots: Buffer) => {
        const count = dots.toString().split('.').length - 1
        acknowledged += count
        done += count
      })
      t.after(() => child.kill('SIGKILL'))
      return { child, closed: new Promise((resolve) => child.once('close', resolve)), acknowledged: () => acknowledged }
    }
    const lasting = [begin(100), begin(100)]
    const mortal = begin(1000)
    await until(() => [...lasting, mortal].every(({ acknowledged }) => acknowledged() > 10))
    mortal.child.kill('SIGKILL')
    await Promise.all([...lasting, mortal].map(({ closed }) => closed))
    // The killed process may have counted without saying so.
    const counted = Number(readFileSync(join(folder, 'counter'), 'utf8'))
    assert.ok(counted === done || counted === done + 1, `${counted} counted, ${done} acknowledged`)
  })
})
