import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, run } from '../package/programs.ts'
import { until } from '../support/until.ts'

/** A machine that systemd has started, in name spaces of this one. */
export interface SystemdMachine {
  /** Runs a program there, in `cwd`. */
  run(cwd: string, program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>
  /** Ends it and everything that runs there. What was written to its disk is gone. */
  end(): Promise<void>
}

/**
 * Starts a machine with a systemd of its own. Its disk is this one's as it was at the start; changes stay in memory. It
 * shares the network, and the folder `shared`. `folder`: an empty one, which its disk is mounted on.
 */
export async function startSystemd(folder: string, shared: string): Promise<SystemdMachine> {
  const group = join(groups(), `tidings-spec-${process.pid}`)
  mkdirSync(group)
  const spaces = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--cgroup', '--kill-child']
  const script = join(import.meta.dirname, 'systemd-machine.sh')
  // The name space of control groups begins at the group that the process is in. The machine ends with this process.
  const enter = 'echo 0 > "$1/cgroup.procs"; shift; exec setsid setpriv --pdeathsig KILL unshare "$@"'
  const child = spawn('sh', ['-c', enter, 'sh', group, ...spaces, 'sh', script, folder, shared], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const closed = new Promise((resolve) => child.once('close', resolve))
  const within = (cwd: string, program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> =>
    run('/', 'nsenter', ['--target', String(firstOf(child)), '--all', 'env', `--chdir=${cwd}`, program, ...args], env)
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await closed
    await until(() => removed(group), 'the end of the processes of the machine')
  }
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`systemd did not start: ${errors}`)
      if (firstOf(child) === undefined) return false
      const { stdout } = await within('/', 'systemctl', ['is-system-running'])
      return /^(?:running|degraded)$/m.test(stdout)
    }, 'systemd to start')
  } catch (error) {
    await end()
    throw error
  }
  return { run: within, end }
}

/** The folder of control groups that systemd can use. */
function groups(): string {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8').match(/^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m)
  if (mount?.[1] === undefined) throw new Error('this spec needs cgroup2, and it is not mounted')
  return mount[1]
}

function firstOf({ pid }: ChildProcess): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return Number(children[0]) || undefined
}

/** Removes a control group and those in it, once their processes have ended. */
function removed(group: string): boolean {
  try {
    for (const { name } of readdirSync(group, { withFileTypes: true }).filter((each) => each.isDirectory())) {
      if (!removed(join(group, name))) return false
    }
    rmdirSync(group)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false
    throw error
  }
}
