import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../../postgres/cluster.ts'
import { ask } from '../../postgres/schemas.ts'
import { until } from '../../support/until.ts'

/** A server of its own, on a socket in a temporary directory. */
export interface Server {
  /** The path of its socket, or the address of its database. */
  readonly address: string
  readonly version: string
  /** Its first process. */
  readonly pid: number
  /** Ends it, and removes all of it. */
  remove(): Promise<void>
}

/** Starts a server of Redis that answers once the disk has what was written. */
export async function startRedis(): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'tidings-bench-redis-'))
  const address = join(directory, 'socket')
  const settings = {
    port: '0',
    unixsocket: address,
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
  }
  const server = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
  const remove = async (): Promise<void> => {
    server.kill()
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await until(() => existsSync(address) || (server.exitCode !== null && failed()), 'a server of Redis')
  } catch (error) {
    await remove()
    throw error
  }
  const [, version = ''] = /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' })) ?? []
  return { address, version: `Redis ${version}`, pid: server.pid as number, remove }
}

function failed(): never {
  throw new Error('redis-server does not start')
}

/** Starts a server of PostgreSQL, with the settings of the other benchmark. */
export async function startPostgres(): Promise<Server> {
  const { address, directory, remove } = await startCluster({ shared_buffers: '256MB', max_wal_size: '4GB' })
  const [[version] = []] = await ask(address, 'SHOW server_version')
  const [pid] = readFileSync(join(directory, 'data/postmaster.pid'), 'utf8').split('\n')
  return { address, version: `PostgreSQL ${String(version).split(' ')[0]}`, pid: Number(pid), remove }
}
