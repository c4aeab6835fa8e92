import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { exec } from '../../lib/core/world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const node = process.execPath
const run = (code: string, ...args: string[]) => exec(node, ['-e', code, ...args])

interface Failure extends Error {
  readonly code: string
  readonly details: { readonly file: string; readonly exitCode: unknown; readonly stderr: string }
}

async function failure(running: Promise<unknown>): Promise<Failure> {
  return running.then(
    () => assert.fail('it did not fail'),
    (error: Failure) => error,
  )
}

describe('a program that is run', () => {
  it('gives what it printed, as text', async () => {
    const printed = await run('process.stdout.write("é\\n"); process.stderr.write("ü")')
    assert.deepEqual(printed, { stdout: 'é\n', stderr: 'ü' })
  })

  it('gets its arguments as they are: no shell reads them', async () => {
    const args = ['$HOME', '; exit 1', '*', '"', "'", '`id`', '--flag', '', 'a b\n']
    const { stdout } = await run('process.stdout.write(JSON.stringify(process.argv.slice(1)))', '--', ...args)
    assert.deepEqual(JSON.parse(stdout), args)
  })

  it('runs in the directory that it is given', async (t) => {
    const directory = temporaryDirectory(t)
    writeFileSync(join(directory, 'here'), '')
    const { stdout } = await exec(node, ['-p', 'fs.readdirSync(".").join()'], { cwd: directory })
    assert.equal(stdout, 'here\n')
  })

  it('is an error with its code and its words when it fails', async () => {
    const error = await failure(run('console.error("no such branch"); process.exit(3)'))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
    assert.deepEqual(error.details, { file: node, exitCode: 3, stderr: 'no such branch\n' })
    assert.match(error.message, /ended with code 3: no such branch$/)
  })

  it('is an error when it can not be started', async () => {
    const error = await failure(exec('no-such-program-anywhere', []))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
    assert.match(error.message, /"no-such-program-anywhere" failed \(ENOENT\)/)
  })

  it('is the same error when an argument can not be one: it may come from an event', async () => {
    const error = await failure(exec(node, ['a\0b']))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
  })

  it('is ended when the signal aborts, and rejects with its reason', async () => {
    const reason = new Error('out of time')
    const running = exec(node, ['-e', 'setInterval(() => {}, 1000)'], { signal: AbortSignal.abort(reason) })
    assert.equal(await failure(running), reason)
    const controller = new AbortController()
    const late = exec(node, ['-e', 'setInterval(() => {}, 1000)'], { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)
    assert.equal(await failure(late), reason)
  })

  it('finds its input at an end: what would wait for a person ends', async () => {
    const { stdout } = await run('process.stdin.on("end", () => console.log("no input")).resume()')
    assert.equal(stdout, 'no input\n')
  })
})
