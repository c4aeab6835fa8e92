import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { didYouMean, holdsLog } from '../../lib/cli.ts'
import { Failure, Mistake } from '../cli/mistake.ts'

/** The folder in which agents keep their logs. */
const HOME = '.tidings'

/** Selects a log. */
export interface Which {
  /** The folder of the log. */
  readonly db?: string | undefined
  /** The name of the agent, whose log is in `.tidings/<agent>`. */
  readonly agent?: string | undefined
}

/** The folder in which `agent-test` keeps events between trials. */
export const TEST_LOG = join(HOME, 'test')

/**
 * Returns the folder of the log that an agent runs on: `--db`, else `TIDINGS_DB`, else `.tidings/<agent>`.
 *
 * @throws Mistake for an agent named `test`, without the first two: its log would be that of `agent-test`, which
 *   removes it
 */
export function logFor(agent: string, db: string | undefined): string {
  const said = db ?? (process.env.TIDINGS_DB || undefined)
  if (said !== undefined) return said
  if (agent.toLowerCase() !== 'test') return join(HOME, agent)
  const ways = 'give the agent another name, or its log another folder (--db DIR)'
  throw new Mistake(
    `agent ${JSON.stringify(agent)} would share ${TEST_LOG} with agent-test, which removes what is there: ${ways}`,
  )
}

/** Finds the folder of an existing log: `--db`, else `--agent`, else `TIDINGS_DB`, else the only one in `.tidings`. */
export async function whichLog({ db, agent }: Which): Promise<string> {
  const directory = named({ db, agent }) ?? (await onlyLog())
  if (await holdsLog(directory)) return directory
  const others = (await agents()).map((each) => (agent === undefined ? join(HOME, each) : each))
  const near = didYouMean(agent ?? directory, others)
  throw new Failure(`there is no log in ${directory}${near}`)
}

/** Returns the folder of a log to fill: like `whichLog`, but a named log may not exist yet. */
export async function logToFill(which: Which): Promise<string> {
  const directory = named(which)
  if (directory === undefined) return whichLog(which)
  const found = statSync(directory, { throwIfNoEntry: false })
  const isFree = found === undefined || (found.isDirectory() && readdirSync(directory).length === 0)
  if (isFree || (found.isDirectory() && (await holdsLog(directory)))) return directory
  throw new Failure(`${directory} holds something else than a log`)
}

function named({ db, agent }: Which): string | undefined {
  if (db !== undefined && agent !== undefined) throw new Mistake('--db and --agent both say which log: leave out one')
  return agent === undefined ? (db ?? (process.env.TIDINGS_DB || undefined)) : join(HOME, agent)
}

async function onlyLog(): Promise<string> {
  const all = await agents()
  // Ignores the log of agent-test, unless it is the only one.
  const meant = all.length > 1 ? all.filter((name) => name !== 'test') : all
  const [only] = meant
  if (only === undefined) throw new Failure(`there is no log in ${HOME}: run an agent first, or say --db DIR`)
  if (meant.length > 1) throw new Mistake(`${HOME} has several logs, say which: --agent ${meant.join(', --agent ')}`)
  return join(HOME, only)
}

async function agents(): Promise<string[]> {
  if (!existsSync(HOME)) return []
  const names = readdirSync(HOME)
  const held = await Promise.all(names.map((name) => holdsLog(join(HOME, name))))
  return names.filter((_, i) => held[i]).sort()
}
