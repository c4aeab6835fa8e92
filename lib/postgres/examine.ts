import { asError } from '../core/errors.ts'
import type { Finding } from '../log/finding.ts'
import { connectTo } from './connect.ts'
import type { Connection } from './connection.ts'
import { examineAgents, examineFunctions, examineRights } from './examine-log.ts'
import { type Check, examineServer } from './examine-server.ts'
import { exists } from './make-log.ts'
import { schemaName } from './schema-name.ts'

/**
 * Examines the server at an address, and the log in it, as far as this role may: it changes nothing, and needs no agent.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for an invalid address
 */
export async function examinePostgres(address: string): Promise<readonly Finding[]> {
  const schema = schemaName(address)
  const findings: Finding[] = []
  let connection: Connection
  try {
    connection = await connectTo(address, () => undefined)
  } catch (error) {
    return [{ about: 'server', level: 'problem', message: asError(error).message }]
  }
  const all = async (checks: Readonly<Record<string, Check>>): Promise<void> => {
    for (const [about, check] of Object.entries(checks))
      try {
        findings.push(...(await check(connection, schema)))
      } catch (error) {
        findings.push({ about, level: 'warning', message: `could not be examined: ${asError(error).message}` })
      }
  }
  try {
    await all(examineServer)
    if (!(await exists(connection, schema, 'head')))
      findings.push({ about: 'log', level: 'problem', message: `there is no log in the schema "${schema}"` })
    else await all({ rights: examineRights, functions: examineFunctions, agents: examineAgents })
    return findings
  } finally {
    await connection.close()
  }
}
