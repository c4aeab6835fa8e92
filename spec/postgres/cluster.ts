import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { prefix } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { ask } from './schemas.ts'

/** Where Debian puts the servers. */
const SERVERS = '/usr/lib/postgresql'

const cache = join(import.meta.dirname, '../../.cache')

/** A server of PostgreSQL of its own, on a Unix socket in a temporary directory. */
export interface Cluster {
  /** The address of a database. */
  readonly address: string
  /** Where its socket is. */
  readonly directory: string
  /** Stops the server at once, without a farewell; SIGKILL ends its first process alone, and the others notice. */
  stop(signal?: 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Starts it again after that. */
  start(): Promise<void>
  /** Stops the server at once, unless it is stopped, and starts it again. */
  restart(): Promise<void>
  /** Ends the server, and removes all of it. */
  remove(): Promise<void>
}

/** Starts a server. `settings`: beside those that keep it small. */
export function startCluster(settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  return serve(settings, initialize)
}

/** Starts a server that no agent takes for another one: those of `startCluster` are copies, with one system identifier. */
export function startOtherCluster(settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  return serve(settings, initdb)
}

/** Starts a standby of a server: a copy, which gets what that writes from now on. It is the primary's to wait for it. */
export function startStandby({ directory }: Cluster): Promise<Cluster> {
  const how = ['--wal-method', 'stream', '--checkpoint', 'fast', '--write-recovery-conf', '--no-sync']
  return serve({}, (run, data) =>
    run('pg_basebackup', ['--pgdata', data, '--dbname', `host=${directory} user=tidings`, ...how]),
  )
}

/** Has the answers of a server wait for its standby. */
export async function waitForStandby({ address }: Cluster): Promise<void> {
  await ask(address, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
  await ask(address, 'SELECT pg_reload_conf()')
  await until(async () => {
    const [[state] = []] = await ask(address, 'SELECT sync_state FROM pg_stat_replication')
    return state === 'sync' || (await sleep(20))
  }, 'a synchronous standby')
}

/** Makes a standby the primary. */
export async function promote({ address }: Cluster): Promise<void> {
  await ask(address, 'SELECT pg_promote()')
}

type RunProgram = (program: string, args: readonly string[]) => void

async function serve(
  settings: Readonly<Record<string, string>>,
  make: (run: RunProgram, data: string) => void,
): Promise<Cluster> {
  const programs = join(newest(), 'bin')
  const directory = mkdtempSync(join(tmpdir(), prefix))
  const owner = ownerOf(directory)
  const data = join(directory, 'data')
  make((program, args) => {
    execFileSync(join(programs, program), args, { ...owner, stdio: 'pipe', cwd: directory })
  }, data)
  const options = {
    listen_addresses: '',
    unix_socket_directories: directory,
    shared_buffers: '16MB',
    // Else each connection loads it.
    shared_preload_libraries: 'plpgsql',
    // Else a server that died syncs a thousand files, one by one, before it starts.
    recovery_init_sync_method: 'syncfs',
    ...settings,
  }
  const args = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const start = async (): Promise<Cluster['stop']> => {
    const server = spawn(join(programs, 'postgres'), ['-D', data, ...args], {
      ...owner,
      stdio: 'ignore',
      cwd: directory,
    })
    const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
    await until(async () => isReady(data, server.pid) || (await sleep(20)), 'a server that answers')
    return (signal = 'SIGQUIT') => {
      server.kill(signal)
      return ended
    }
  }
  let stop = await start()
  return {
    address: `postgres:///postgres?host=${encodeURIComponent(directory)}&user=tidings`,
    directory,
    stop: (signal) => stop(signal),
    async start() {
      stop = await start()
    },
    async restart() {
      await stop()
      stop = await start()
    },
    async remove() {
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The folder of the newest server; undefined without one. */
export function findServer(): string | undefined {
  const versions = existsSync(SERVERS) ? readdirSync(SERVERS) : []
  const version = versions.toSorted((a, b) => Number(b) - Number(a))[0]
  return version === undefined ? undefined : join(SERVERS, version)
}

function newest(): string {
  const found = findServer()
  if (found === undefined) throw new Error('the specs of logs in PostgreSQL need a server: apt-get install postgresql')
  return found
}

function initdb(run: RunProgram, data: string): void {
  const settings = ['--username', 'tidings', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync', '--no-locale']
  run('initdb', ['--pgdata', data, ...settings])
}

/** `initdb` takes a second of processor time, so its result is kept, and copied with its owners. */
function initialize(run: RunProgram, data: string): void {
  const version = execFileSync(join(newest(), 'bin/initdb'), ['--version'], { encoding: 'utf8' })
  const kept = join(cache, `${version.replaceAll(/[^\w.]+/g, '-')}${process.getuid?.() ?? ''}`)
  const copy = (from: string, to: string): unknown => execFileSync('cp', ['-pR', from, to])
  if (existsSync(kept)) return void copy(kept, data)
  initdb(run, data)
  // The user that owns it may not be allowed to see the cache.
  mkdirSync(cache, { recursive: true })
  const part = mkdtempSync(join(cache, 'initdb-'))
  copy(data, join(part, 'data'))
  try {
    renameSync(join(part, 'data'), kept)
  } catch (error) {
    // Another spec was faster.
    if (!existsSync(kept)) throw error
  } finally {
    rmSync(part, { recursive: true })
  }
}

/** Who runs a server in a directory: one refuses to run as root. */
export function ownerOf(directory: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' })))
  chownSync(directory, uid as number, gid as number)
  chmodSync(directory, 0o755)
  return { uid: uid as number, gid: gid as number }
}

/** The file of its process id has one line that says so. */
function isReady(data: string, pid: number | undefined): boolean {
  const path = join(data, 'postmaster.pid')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
}
