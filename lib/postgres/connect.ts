import { TidingsError } from '../core/errors.ts'
import { Connection } from './connection.ts'

/**
 * Connects to the server of a log. An address may name several, of which one is the primary:
 * `postgres://one.example,two.example/tidings`, or `?host=` with a list. They are tried in this order.
 *
 * @throws TidingsError `TIDINGS_LOG_FAILED` when none of them can be reached, and for a standby among several
 */
export async function connectTo(address: string, onBroken: () => void, silence?: number): Promise<Connection> {
  const servers = serversOf(address)
  if (servers.length === 1) return Connection.open(address, onBroken, silence)
  let failure: unknown
  for (const server of servers) {
    try {
      const connection = await Connection.open(server, onBroken, silence)
      const [[isStandby] = []] = await connection.ask('SELECT pg_is_in_recovery()')
      if (isStandby !== true) return connection
      connection.destroy()
      failure ??= new TidingsError('TIDINGS_LOG_FAILED', 'none of the servers is the primary')
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

/** The address of each server that an address names. */
export function serversOf(address: string): readonly string[] {
  const [, before = '', hosts = '', after = ''] = /^([^?]*\?(?:.*&)?host=)([^&#]*)(.*)$/s.exec(address) ?? []
  const named = hosts === '' ? [] : decoded(hosts).split(',')
  if (named.length > 0) return named.map((host) => before + encodeURIComponent(host) + after)
  const [, head = '', authority = '', rest = ''] = /^(\w+:\/\/(?:[^@/?#]*@)?)([^/?#]*)(.*)$/s.exec(address) ?? []
  return head === '' ? [address] : authority.split(',').map((host) => head + host + rest)
}

// `pg` leaves invalid escapes alone, too.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
