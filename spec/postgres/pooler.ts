import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { prefix } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { type Cluster, ownerOf } from './cluster.ts'
import { ask } from './schemas.ts'

/** Where Debian puts the pooler. */
const PROGRAM = '/usr/sbin/pgbouncer'

const PORT = 6432

/** PgBouncer, which gives each transaction any of its few connections to a server. */
export interface Pooler {
  /** The address of a database behind it. */
  readonly address: string
  /** Sends everything to another server from now on. */
  moveTo(cluster: Cluster): void
  remove(): Promise<void>
}

/** Starts a pooler in front of a server, on a Unix socket in a temporary directory. */
export async function startPooler(cluster: Cluster, connections: number): Promise<Pooler> {
  if (!existsSync(PROGRAM)) throw new Error('this spec needs a pooler: apt-get install pgbouncer')
  const directory = mkdtempSync(join(tmpdir(), prefix))
  const owner = ownerOf(directory)
  const file = join(directory, 'pgbouncer.ini')
  const write = ({ address }: Cluster): void => writeFileSync(file, settings(directory, address, connections))
  write(cluster)
  const program = spawn(PROGRAM, [file], { ...owner, stdio: 'ignore', cwd: directory })
  const ended = new Promise<void>((resolve) => program.once('close', () => resolve()))
  const address = `postgres:///postgres?host=${encodeURIComponent(directory)}&port=${PORT}&user=tidings`
  const isReady = (): Promise<boolean> =>
    ask(address, 'SELECT 1').then(
      () => true,
      () => false,
    )
  await until(async () => (await isReady()) || (await sleep(50)), 'a pooler that answers')
  return {
    address,
    moveTo(other) {
      write(other)
      program.kill('SIGHUP')
    },
    async remove() {
      program.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function settings(directory: string, address: string, connections: number): string {
  const host = new URL(address.replace('postgres:///', 'postgres://server/')).searchParams.get('host')
  return `[databases]
postgres = host=${host} dbname=postgres user=tidings
[pgbouncer]
listen_port = ${PORT}
unix_socket_dir = ${directory}
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
logfile = ${join(directory, 'log')}
`
}
