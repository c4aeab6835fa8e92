import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { exec } from '../../lib/core/exec.ts'
import { family, isRunning, pidsIn, stubborn, untilEnded } from '../support/programs.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const node = process.execPath
const run = (code: string, ...args: string[]) => exec(node, ['-e', code, ...args])

interface Failure extends Error {
  readonly code: string
  readonly details: {
    readonly file: string
    readonly exitCode: unknown
    readonly stderr: string
    readonly output: string
  }
}

async function failure(running: Promise<unknown>): Promise<Failure> {
  return running.then(
    () => assert.fail('it did not fail'),
    (error: Failure) => error,
  )
}

describe('exec', () => {
  it('returns the output as text', async () => {
    const printed = await run('process.stdout.write("é\\n"); process.stderr.write("ü")')
    assert.deepEqual(printed, { stdout: 'é\n', stderr: 'ü' })
  })

  it('passes arguments as they are, without a shell', async () => {
    const args = ['$HOME', '; exit 1', '*', '"', "'", '`id`', '--flag', '', 'a b\n']
    const { stdout } = await run('process.stdout.write(JSON.stringify(process.argv.slice(1)))', '--', ...args)
    assert.deepEqual(JSON.parse(stdout), args)
  })

  it('runs in the given directory', async (t) => {
    const directory = temporaryDirectory(t)
    writeFileSync(join(directory, 'here'), '')
    const { stdout } = await exec(node, ['-p', 'fs.readdirSync(".").join()'], { cwd: directory })
    assert.equal(stdout, 'here\n')
  })

  it('rejects with the exit code and the error output of a program that fails', async () => {
    const error = await failure(run('console.error("no such branch"); process.exit(3)'))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
    assert.deepEqual(error.details, { file: node, exitCode: 3, stderr: 'no such branch\n' })
    assert.match(error.message, /ended with code 3: no such branch$/)
  })

  it("rejects when the program can't be started", async () => {
    const error = await failure(exec('no-such-program-anywhere', []))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
    assert.match(error.message, /"no-such-program-anywhere" failed \(ENOENT\)/)
  })

  it('says why it rejects when there are no arguments', async () => {
    const error = await failure(exec(node, undefined as unknown as string[]))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
    assert.match(error.message, /failed \(.*iterable.*\)/)
  })

  it('rejects in the same way when an argument is impossible, as one from an event may be', async () => {
    const error = await failure(exec(node, ['a\0b']))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
  })

  it('ends the program when the signal aborts, and rejects with its reason', async (t) => {
    const reason = new Error('out of time')
    const started = join(temporaryDirectory(t), 'started')
    const running = exec(node, ['-e', 'setInterval(() => {}, 1000)'], { signal: AbortSignal.abort(reason) })
    assert.equal(await failure(running), reason)
    const controller = new AbortController()
    const program = 'fs.writeFileSync(process.argv[1], ""); setInterval(() => {}, 1000)'
    const late = exec(node, ['-e', program, started], { signal: controller.signal })
    late.catch(() => undefined)
    await until(() => existsSync(started))
    controller.abort(reason)
    assert.equal(await failure(late), reason)
  })

  it('gives an empty input, so that a program that waits for a person ends', async () => {
    const { stdout } = await run('process.stdin.on("end", () => console.log("no input")).resume()')
    assert.equal(stdout, 'no input\n')
  })
})

describe('a program that exec ends', () => {
  const start = (t: TestContext, [file, args]: typeof family | typeof stubborn) => {
    const directory = temporaryDirectory(t)
    const files = ['one', 'two'].map((name) => join(directory, name))
    const controller = new AbortController()
    const running = exec(file, [...args, ...files], { signal: controller.signal })
    return { pids: pidsIn(files), running, end: () => controller.abort(new Error('enough')) }
  }

  it('ends together with all that it started', async (t) => {
    const { pids, running, end } = start(t, family)
    const all = await pids
    end()
    await assert.rejects(running, { message: 'enough' })
    await untilEnded(all)
  })

  it('is killed when it ignores SIGTERM', async (t) => {
    const { pids, running, end } = start(t, stubborn)
    const all = await pids
    end()
    await assert.rejects(running, { message: 'enough' })
    await untilEnded(all)
  })

  it('ends also after its group leader: the rest of the group holds its output open', async (t) => {
    const file = join(temporaryDirectory(t), 'left')
    const controller = new AbortController()
    const running = exec('sh', ['-c', 'sleep 600 & echo $! > "$1"', 'sh', file], { signal: controller.signal })
    const pids = await pidsIn([file])
    controller.abort(new Error('enough'))
    await assert.rejects(running, { message: 'enough' })
    await untilEnded(pids)
  })

  it('settles without waiting for processes that left its group', async (t) => {
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
    const source = `import { exec } from ${JSON.stringify(new URL('../../lib/core/exec.ts', import.meta.url).href)}
      import { pidsIn } from ${JSON.stringify(new URL('../support/programs.ts', import.meta.url).href)}
      exec(${JSON.stringify(file)}, ${JSON.stringify([...args, ...files])})
      await pidsIn(${JSON.stringify(files)})
      process.exit(7)`
    const ended = await failure(exec(node, ['--import', 'tsx', '--input-type=module', '-e', source]))
    assert.equal(ended.details.exitCode, 7, ended.message)
    await untilEnded(await pidsIn(files))
  })

  it('ends when it prints without end', async () => {
    const error = await failure(exec('sh', ['-c', 'yes; sleep 600']))
    assert.equal(error.code, 'TIDINGS_EXEC_FAILED')
    assert.match(error.message, /printed more than 64 MiB to stdout$/)
    assert.equal(error.details.output, 'stdout')
  })
})
