import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { until } from '../support/until.ts'

/** What an image says about how it is run. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly Volumes: Readonly<Record<string, object>>
  readonly StopSignal: NodeJS.Signals
  readonly Healthcheck: { readonly Test: readonly string[] }
}

/** A container that runs. */
export interface Container {
  /** The exit code and the output of the health check of the image, run in the container. */
  health(): Promise<{ readonly code: number; readonly output: string }>
  /** Ends it as `docker stop` does; resolves to the exit code, and to how long it took in ms. */
  stop(): Promise<{ readonly code: number | null; readonly took: number; readonly output: string }>
  kill(): Promise<void>
}

/** Mounts a file system for reading only, with the volumes that follow, and runs a program there as another user. */
const script = `set -e
root=$1 user=$2; shift 2
mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc" && mount -t tmpfs tmpfs "$root/tmp" && mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
shift
exec chroot --userspec="$user" --groups= "$root" "$@"`

/**
 * Runs an image as a container: in name spaces of its own, with a root that cannot be written to, as the user of the
 * image. `root`: its file system; `volumes`: folders of this machine, by the folder in the container.
 */
export async function runContainer(
  { User, Env, Entrypoint, Cmd, WorkingDir, StopSignal, Healthcheck }: ImageConfig,
  root: string,
  volumes: Readonly<Record<string, string>>,
): Promise<Container> {
  const inside = (args: readonly string[]): string[] => {
    return ['/usr/bin/env', '-i', `--chdir=${WorkingDir}`, ...Env, ...args]
  }
  const mounts = Object.entries(volumes).flatMap(([to, from]) => [from, to])
  // It ends with this process, however that ends.
  const spaces = ['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child', '--mount', '--ipc', '--uts']
  const command = [root, User, ...mounts, '--', ...inside([...Entrypoint, ...Cmd])]
  const child = spawn('setpriv', [...spaces, 'sh', '-c', script, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const first = await until(() => childOf(child), 'the first process of the container')
  return {
    health: () => check(first, User, inside(Healthcheck.Test.slice(1))),
    async stop() {
      const began = performance.now()
      process.kill(first, StopSignal)
      const code = await ended
      return { code, took: performance.now() - began, output }
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function childOf({ pid }: ChildProcess): number | undefined {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return Number(child) || undefined
}

function check(first: number, user: string, command: readonly string[]): ReturnType<Container['health']> {
  const [uid = '', gid = ''] = user.split(':')
  const enter = ['--target', String(first), '--pid', '--mount', '--root', '--setuid', uid, '--setgid', gid]
  return new Promise((resolve) => {
    execFile('nsenter', [...enter, ...command], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` })
    })
  })
}
