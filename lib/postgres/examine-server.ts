import { statfs } from 'node:fs/promises'
import { realPause, systemClock } from '../core/clock.ts'
import { SECOND } from '../core/time-units.ts'
import type { Finding } from '../log/finding.ts'
import type { Connection } from './connection.ts'
import { durabilityOf, OLDEST, unfitSettings } from './gate.ts'
import { oldestSnapshot } from './snapshots.ts'

/** Looks at one thing. */
export type Check = (connection: Connection, schema: string) => Promise<readonly Finding[]>

/** From where on something is a warning: transactions since a snapshot, ms, the free part of a disk. */
const WARN = { snapshot: 5000, lag: 10 * SECOND, clock: SECOND, free: 0.1 }

/** How long a notification may take, in ms. */
const HEARD = { within: 2 * SECOND, look: 20 }

/** What is looked at on a server, whatever log it has. */
export const examineServer: Readonly<Record<string, Check>> = {
  server: examineVersion,
  settings: examineSettings,
  durability: examineDurability,
  replication: examineReplication,
  snapshot: examineSnapshot,
  clock: examineClock,
  notifications: examineNotifications,
  disk: examineDisk,
}

const finding = (
  about: string,
  isFine: boolean,
  message: string,
  level: 'warning' | 'problem' = 'warning',
): Finding => ({
  about,
  level: isFine ? 'ok' : level,
  message,
})

async function examineVersion(connection: Connection): Promise<readonly Finding[]> {
  const [[number, version, isStandby] = []] = await connection.ask(
    `SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_is_in_recovery()`,
  )
  const isNew = Number(number) >= OLDEST
  return [
    finding('server', isNew, `PostgreSQL ${String(version)}${isNew ? '' : '; 14 or newer is needed'}`, 'problem'),
    isStandby === true
      ? finding('primary', false, 'this server is a standby, which takes no writes: connect to the primary', 'problem')
      : finding('primary', true, 'this server is the primary'),
  ]
}

async function examineSettings(connection: Connection): Promise<readonly Finding[]> {
  const problems = await unfitSettings(connection)
  if (problems.length === 0) return [finding('settings', true, 'the database and its settings fit a log')]
  return problems.map((problem) => finding('settings', false, problem, 'problem'))
}

async function examineDurability(connection: Connection): Promise<readonly Finding[]> {
  const names = ['fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names']
  const [[values] = []] = await connection.ask(
    'SELECT array_agg(current_setting(name) ORDER BY n) FROM unnest($1::text[]) WITH ORDINALITY AS s(name, n)',
    [names],
  )
  const settings = names.map((name, i) => `${name} = ${(values as string[])[i] || "''"}`).join(', ')
  const [fsync, pages] = values as string[]
  const survives = {
    process: 'the death of an agent, not that of the server',
    disk: 'a power loss of the server, not the loss of its disk',
    quorum: 'the loss of the server: a standby has it',
  }[await durabilityOf(connection)]
  const isFine = fsync === 'on' && pages === 'on' && !survives.startsWith('the death')
  return [finding('durability', isFine, `an acknowledged event survives ${survives} (${settings})`)]
}

async function examineReplication(connection: Connection): Promise<readonly Finding[]> {
  const standbys = await connection.ask(
    `SELECT coalesce(nullif(application_name, ''), 'unnamed'), sync_state, floor(extract(epoch FROM replay_lag) * 1000),
        pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, replay_lsn)
      FROM pg_stat_replication ORDER BY 1`,
  )
  const findings = standbys.map(([name, state, ms, bytes]) => {
    const behind = `${Number(ms ?? 0) / SECOND} s and ${Number(bytes ?? 0)} bytes behind`
    const words = `standby ${String(name)} (${typeof state === 'string' ? state : 'state not visible to this role'}) is ${behind}`
    return finding('replication', Number(ms ?? 0) < WARN.lag, words)
  })
  const isQuorum = (await durabilityOf(connection)) === 'quorum'
  const isSync = standbys.some(([, state]) => state === 'sync' || state === 'quorum')
  if (isQuorum && !isSync && !standbys.some(([, state]) => state === null))
    findings.push(
      finding('replication', false, 'no synchronous standby is connected: each write waits for one', 'problem'),
    )
  return findings.length > 0 ? findings : [finding('replication', true, 'no standby is connected')]
}

async function examineSnapshot(connection: Connection): Promise<readonly Finding[]> {
  const held = await oldestSnapshot((text, values) => connection.ask(text, values))
  if (held === undefined || held.age < WARN.snapshot)
    return [finding('snapshot', true, `the oldest snapshot is ${held?.age ?? 0} transactions old`)]
  const since = held.ms === undefined ? '' : ` for ${Math.floor(held.ms / SECOND)} s`
  const words = `${held.holder} holds a snapshot${since}, ${held.age} transactions old: dead rows stay, and slow every write down`
  return [finding('snapshot', false, `${words}. End it, with pg_terminate_backend if it is a process`)]
}

async function examineClock(connection: Connection): Promise<readonly Finding[]> {
  const before = systemClock.now()
  const [[now] = []] = await connection.ask('SELECT extract(epoch FROM clock_timestamp()) * 1000')
  const after = systemClock.now()
  const ahead = Math.round(Number(now) - (before + after) / 2)
  const words = `the clock of the server is ${Math.abs(ahead)} ms ${ahead < 0 ? 'behind' : 'ahead of'} that of this machine`
  return [finding('clock', Math.abs(ahead) < WARN.clock + (after - before), words)]
}

// A pooler in transaction mode gives each transaction another session, and passes no notification on.
async function examineNotifications(connection: Connection): Promise<readonly Finding[]> {
  const channel = `tidings_doctor_${crypto.randomUUID().replaceAll('-', '_')}`
  let isHeard = false
  await connection.listen(channel, () => (isHeard = true))
  await connection.ask('SELECT pg_notify($1, $2)', [channel, '1'])
  for (let waited = 0; !isHeard && waited < HEARD.within; waited += HEARD.look) {
    await realPause(HEARD.look)
    await connection.ask('SELECT 1')
  }
  const lost =
    'notifications do not arrive, as behind a pooler in transaction mode: agents look for events ten times a second'
  return [finding('notifications', isHeard, isHeard ? 'notifications arrive' : lost)]
}

// The server does not tell how much room its disk has; on this machine, the system does.
async function examineDisk(connection: Connection): Promise<readonly Finding[]> {
  const [[size, isLocal] = []] = await connection.ask(
    'SELECT pg_size_pretty(pg_database_size(current_database())), inet_server_addr() IS NULL',
  )
  const used = `the database takes ${String(size)}`
  const unknown = finding('disk', true, `${used}; the room on the disk of the server is not known here`)
  if (isLocal !== true) return [unknown]
  try {
    const [[directory] = []] = await connection.ask(`SELECT current_setting('data_directory')`)
    const { bavail, bsize, blocks } = await statfs(String(directory))
    const words = `${used}, and its disk has ${Math.round((bavail * bsize) / 1024 / 1024)} MB of room`
    return [finding('disk', bavail / blocks > WARN.free, words)]
  } catch {
    return [unknown]
  }
}
