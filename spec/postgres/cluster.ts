import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { prefix } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

/** Where Debian puts the servers. */
const SERVERS = '/usr/lib/postgresql'

/** A server of PostgreSQL of its own, on a Unix socket in a temporary directory. */
export interface Cluster {
  /** The address of a database. */
  readonly address: string
  /** Where its socket is. */
  readonly directory: string
  /** Stops the server at once, without a farewell. */
  stop(): Promise<void>
  /** Stops the server at once, unless it is stopped, and starts it again. */
  restart(): Promise<void>
  /** Ends the server, and removes all of it. */
  remove(): Promise<void>
}

/** Starts a server. `settings`: beside those that keep it small. */
export async function startCluster(settings: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const programs = join(newest(), 'bin')
  const directory = mkdtempSync(join(tmpdir(), prefix))
  const owner = ownerOf(directory)
  const data = join(directory, 'data')
  execFileSync(
    join(programs, 'initdb'),
    ['--pgdata', data, '--username', 'tidings', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync', '--no-locale'],
    { ...owner, stdio: 'pipe', cwd: directory },
  )
  const options = {
    listen_addresses: '',
    unix_socket_directories: directory,
    shared_buffers: '16MB',
    // Else a server that died syncs a thousand files, one by one, before it starts.
    recovery_init_sync_method: 'syncfs',
    ...settings,
  }
  const args = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const start = async (): Promise<() => Promise<void>> => {
    const server = spawn(join(programs, 'postgres'), ['-D', data, ...args], {
      ...owner,
      stdio: 'ignore',
      cwd: directory,
    })
    const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
    await until(async () => isReady(programs, directory) || (await sleep(50)), 'a server that answers')
    return () => {
      server.kill('SIGQUIT')
      return ended
    }
  }
  let stop = await start()
  return {
    address: `postgres:///postgres?host=${encodeURIComponent(directory)}&user=tidings`,
    directory,
    stop: () => stop(),
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
  if (found === undefined) throw new Error('these specs need a server: apt-get install postgresql')
  return found
}

/** Who runs a server in a directory: one refuses to run as root. */
export function ownerOf(directory: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' })))
  chownSync(directory, uid as number, gid as number)
  chmodSync(directory, 0o755)
  return { uid: uid as number, gid: gid as number }
}

function isReady(programs: string, directory: string): boolean {
  try {
    execFileSync(join(programs, 'pg_isready'), ['--host', directory, '--quiet'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
