import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { exec } from '../../lib/core/exec.ts'
import { family, isRunning, pidsIn, stubborn, untilEnded } from '../support/programs.ts'
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

describe('a program that is ended', () => {
  const start = (t: TestContext, [file, args]: typeof family | typeof stubborn) => {
    const directory = temporaryDirectory(t)
    const files = ['one', 'two'].map((name) => join(directory, name))
    const controller = new AbortController()
    const running = exec(file, [...args, ...files], { signal: controller.signal })
    return { pids: pidsIn(files), running, end: () => controller.abort(new Error('enough')) }
  }

  it('takes all that it started with it', async (t) => {
    const { pids, running, end } = start(t, family)
    const all = await pids
    end()
    await assert.rejects(running, { message: 'enough' })
    await untilEnded(all)
  })

  it('is killed when it does not heed SIGTERM', async (t) => {
    const { pids, running, end } = start(t, stubborn)
    const all = await pids
    end()
    await assert.rejects(running, { message: 'enough' })
    await untilEnded(all)
  })

  it('is ended even after its leader has gone: what it left behind holds its output open', async (t) => {
    const file = join(temporaryDirectory(t), 'left')
    const controller = new AbortController()
    const running = exec('sh', ['-c', 'sleep 600 & echo $! > "$1"', 'sh', file], { signal: controller.signal })
    const pids = await pidsIn([file])
    controller.abort(new Error('enough'))
    await assert.rejects(running, { message: 'enough' })
    await untilEnded(pids)
  })

  it('is no reason to wait for those that left its group', async (t) => {
    const file = join(temporaryDirectory(t), 'left')
    const controller = new AbortController()
    const leave = `const { spawn } = require('node:child_process')
      const left = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { detached: true, stdio: 'inherit' })
      require('node:fs').writeFileSync(process.argv[1], left.pid + '\\n')`
    const running = exec(node, ['-e', leave, file], { signal: controller.signal })
    const [pid = 0] = await pidsIn([file])
    t.after(() => process.kill(pid, 'SIGKILL'))
    controller.abort(new Error('enough'))
    await assert.rejects(running, { message: 'enough' })
    assert(isRunning(pid))
  })

  it('ends with the process that started it', async (t) => {
    const directory = temporaryDirectory(t)
    const files = ['one', 'two'].map((name) => join(directory, name))
    const [file, args] = stubborn
    const source = `import { existsSync } from 'node:fs'
      import { exec } from ${JSON.stringify(new URL('../../lib/core/exec.ts', import.meta.url).href)}
      exec(${JSON.stringify(file)}, ${JSON.stringify([...args, ...files])})
      const look = () => ${JSON.stringify(files)}.every((each) => existsSync(each)) ? process.exit(7) : setTimeout(look, 5)
      look()`
    const ended = await failure(exec(node, ['--import', 'tsx', '--input-type=module', '-e', source]))
    assert.equal(ended.details.exitCode, 7, ended.message)
    await untilEnded(await pidsIn(files))
  })

  it('is ended when it prints without end', async () => {
    const error = await failure(exec('sh', ['-c', 'yes; sleep 600']))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
    assert.match(error.message, /printed more than 64 MiB to stdout$/)
  })
})
