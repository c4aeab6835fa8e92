import { SECOND } from '../core/time-units.ts'
import type { Finding } from '../log/finding.ts'
import { wholeOf } from '../log/shards.ts'
import type { Connection } from './connection.ts'
import { neededFunctions } from './make-log.ts'
import { roleNames } from './sql/roles.ts'
import { FORMAT } from './sql/tables.ts'
import { fromText } from './text.ts'

/** Where agents say that they are there, and how old that may be, in ms. */
const AGENTS = { namespace: 'tidings/agents', silent: 10 * SECOND }

const ok = (about: string, message: string): Finding => ({ about, level: 'ok', message })
const warning = (about: string, message: string): Finding => ({ about, level: 'warning', message })
const problem = (about: string, message: string): Finding => ({ about, level: 'problem', message })

/** What an agent needs, and this role may not. */
export async function examineRights(connection: Connection, schema: string): Promise<readonly Finding[]> {
  const rows = await connection.ask(
    `SELECT priv || ' ' || relname FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) priv
        WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
          AND NOT has_table_privilege(oid, priv)
      UNION ALL
      SELECT 'EXECUTE ' || proname FROM pg_proc WHERE pronamespace = $1::regnamespace AND NOT has_function_privilege(oid, 'EXECUTE')
      UNION ALL
      SELECT 'USAGE' WHERE NOT has_schema_privilege($1::regnamespace, 'USAGE') ORDER BY 1`,
    [`"${schema}"`],
  )
  const [[role] = []] = await connection.ask('SELECT current_user')
  if (rows.length === 0) return [ok('rights', `role ${String(role)} may run agents`)]
  const missing = rows.map(([right]) => String(right))
  const words = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`
  return [
    problem('rights', `role ${String(role)} may not run agents, it lacks ${words}: grant it ${roleNames(schema)[0]}`),
  ]
}

/** Whether the log fits to this version. */
export async function examineFunctions(connection: Connection, schema: string): Promise<readonly Finding[]> {
  const [[format] = []] = await connection.ask(`SELECT format FROM "${schema}".head`)
  if (Number(format) > FORMAT)
    return [problem('log', `the log has format ${String(format)}, this version of Tidings reads up to ${FORMAT}`)]
  const found = (
    await connection.ask('SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = $1::regnamespace', [`"${schema}"`])
  ).map(([name]) => String(name))
  const needed = neededFunctions()
  const missing = needed.filter((name) => !found.includes(name))
  const others = found.filter((name) => !needed.includes(name))
  return [
    ok('log', `the log is in the schema "${schema}", format ${String(format)}`),
    ...(missing.length === 0
      ? []
      : [
          warning(
            'functions',
            `the log lacks what this version of Tidings adds when it opens it: ${missing.join(', ')}`,
          ),
        ]),
    ...(others.length === 0
      ? []
      : [warning('functions', `another version of Tidings has worked on the log: it added ${others.join(', ')}`)]),
  ]
}

/** Who works on the log, and who has left something behind. */
export async function examineAgents(connection: Connection, schema: string): Promise<readonly Finding[]> {
  const rows = await connection.ask(
    `SELECT value FROM "${schema}".state WHERE namespace = $1
      AND (value::json ->> 'seen')::timestamptz > clock_timestamp() - $2 * interval '1 ms'`,
    [AGENTS.namespace, AGENTS.silent],
  )
  const agents = rows.map(
    ([value]) => JSON.parse(fromText(String(value))) as { readonly host: string; version?: string },
  )
  const versions = [...new Set(agents.map(({ version }) => version ?? 'an older one'))].toSorted()
  const hosts = [...new Set(agents.map(({ host }) => host))].toSorted()
  const on = agents.length === 0 ? '' : ` on ${hosts.join(', ')}, version ${versions.join(' and ')}`
  const count = `${agents.length} ${agents.length === 1 ? 'agent runs' : 'agents run'}${on}`
  const left = await connection.ask(
    `SELECT held.name, floor(extract(epoch FROM clock_timestamp() - until))::int FROM
        (SELECT name, holder FROM "${schema}".hold UNION ALL SELECT 'listener ' || name, holder FROM "${schema}".consumer) held
        JOIN "${schema}".agent ON id = holder WHERE until < clock_timestamp() ORDER BY 1 LIMIT 20`,
  )
  return [
    versions.length > 1 ? warning('agents', `${count}: upgrade them one after the other`) : ok('agents', count),
    ...left.map(([name, seconds]) => {
      const what = wholeOf(fromText(String(name)))
      return warning(
        'agents',
        `${what} belongs to an agent whose lease ended ${String(seconds)} s ago, and no other has taken it`,
      )
    }),
  ]
}
