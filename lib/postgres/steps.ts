import { elapsed, realPause } from '../core/clock.ts'
import { hasCode, quote, TidingsError } from '../core/errors.ts'
import { MINUTE } from '../core/time-units.ts'
import type { Connection } from './connection.ts'
import { grants, roleNames } from './sql/roles.ts'

/** How a step waits, in ms: for a lock, between two tries, and in all. */
const WAIT = { lock: 300, again: 200, most: MINUTE }

/** The state of the server that says that a lock was not free in time. */
export const LOCKED = '55P03'

/** The states that say: try again. The other one is that two transactions waited for each other. */
const AGAIN: ReadonlySet<unknown> = new Set([LOCKED, '40P01'])

/** Another agent has made the step meanwhile. */
const TWICE = '23505'

/** This role may not do it, or does not own the table. */
const FORBIDDEN = '42501'

/** What the steps of a log are made with. */
export interface StepHost {
  readonly connection: Connection
  readonly schema: string
}

/**
 * Makes a step, while agents of this version and of the one before work on the log (decision 0084). One message is one
 * transaction, so a client that freezes holds no lock. Its first lock is the row in the table `step`: of several agents, one
 * makes the step.
 *
 * The rules for a step
 * - It adds: a table, a column that may be left out, a function with a version of its own. Programs of the version before
 *   continue, because what they call is still there.
 * - It changes one table, and takes no other lock, not even that of the head: an `accept` that waits for the head has read
 *   identities before. One that has to change two things takes the head first; it fails until no `accept` is between.
 * - It is short: everybody waits meanwhile.
 * - A step that they can't live with raises the format, and drops their functions, in one transaction: the next thing that
 *   they write fails, they connect again, and are refused by name.
 *
 * @throws TidingsError `TIDINGS_LOG_FAILED` when a table stays locked for a minute, `TIDINGS_LOG_FORMAT` when this role
 *   may not change the log
 */
export async function makeStep({ connection, schema }: StepHost, name: string, sql: string): Promise<void> {
  // While it waits for a lock, everybody waits behind it: so not for long, and shorter than a deadlock takes to be found.
  const text = `BEGIN; SET LOCAL lock_timeout = ${WAIT.lock}; SET LOCAL search_path = "${schema}", pg_temp;
    ${insertStep(name)} ${sql}; ${grantsIfAny(schema)} COMMIT`
  for (const began = elapsed(); ; ) {
    try {
      await connection.ask(text)
      return
    } catch (error) {
      if (connection.isBroken) throw error
      await connection.ask('ROLLBACK')
      const state = stateOf(error)
      if (state === TWICE && (await isMade({ connection, schema }, name))) return
      if (!AGAIN.has(state) || elapsed() - began > WAIT.most) throw explained(error, schema, name)
    }
    await realPause(WAIT.again)
  }
}

/** The statement that remembers a step. */
export function insertStep(name: string): string {
  return `INSERT INTO step (name) VALUES ('${name}');`
}

/** Whether a step was made. */
export async function isMade({ connection, schema }: StepHost, name: string): Promise<boolean> {
  return (await connection.ask(`SELECT 1 FROM "${schema}".step WHERE name = $1`, [name])).length > 0
}

// The roles of the log, if it has any, may use what a step has added.
function grantsIfAny(schema: string): string {
  const has = `rolname = '${roleNames(schema)[0]}' AND has_schema_privilege(oid, '${schema}', 'USAGE')`
  return `DO $grant$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE ${has}) THEN ${grants(schema)} END IF; END $grant$;`
}

/** The state that the server gave an error; undefined for any other error. */
export function stateOf(error: unknown): unknown {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  return hasCode(error, 'TIDINGS_LOG_FAILED') ? cause?.code : undefined
}

/** The error of something that the log lacks, and that can't be added. */
export function explained(cause: unknown, schema: string, step: string): unknown {
  const state = stateOf(cause)
  const fixes = {
    [FORBIDDEN]: 'this role may not add it: a person who may runs tidings db init ADDRESS, of this version',
    [LOCKED]: 'another session keeps a table locked, such as a dump',
  }
  const why = fixes[state as keyof typeof fixes]
  if (why === undefined) return cause
  const words = `the log in the schema "${schema}" lacks ${quote(step)}, which this version of Tidings needs; ${why}`
  const code = state === FORBIDDEN ? 'TIDINGS_LOG_FORMAT' : 'TIDINGS_LOG_FAILED'
  return new TidingsError(code, words, { cause, details: { schema, step } })
}
