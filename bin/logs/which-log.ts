import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { didYouMean } from '../../lib/core/did-you-mean.ts'
import { shellWord } from '../../lib/core/escape.ts'
import { foreignAddress, holdsLog, isPostgres } from '../../lib/log-places.ts'
import { Failure, UsageError } from '../cli/errors.ts'
import { printNote } from '../print/print.ts'

/** The folder in which agents keep their logs. */
const HOME = '.tidings'

/** The options that select a log. */
export interface Which {
  /** The folder of the log, or its address in PostgreSQL. */
  readonly db?: string | undefined
  /** The name of the agent, whose log is in `.tidings/<agent>`. */
  readonly agent?: string | undefined
}

/** The options of every command that reads a log or steers the agent on it. */
export interface LogCommandOptions extends Which {
  readonly json?: boolean | undefined
  readonly yes?: boolean | undefined
}

/** The folder in which `agent-test` keeps events between trials. */
export const TEST_LOG = join(HOME, 'test')

/**
 * Returns the folder of the log that an agent runs on: `--db`, else `TIDINGS_DB`, else `.tidings/<agent>`.
 *
 * @throws UsageError for an agent named `test`, without the first two: its log would be that of `agent-test`, which
 *   removes it
 */
export function logFor(agent: string, db: string | undefined): string {
  const given = db ?? (process.env.TIDINGS_DB || undefined)
  if (given !== undefined) return known(given)
  if (agent.toLowerCase() !== 'test') return join(HOME, agent)
  const ways = 'rename the agent, or keep its log in another folder (--db DIR)'
  throw new UsageError(
    `agent ${JSON.stringify(agent)} would share ${TEST_LOG} with agent-test, which removes its events: ${ways}`,
  )
}

/**
 * Like `logFor`, for the agent in a file. Says so if the agent has a log in `.tidings` beside that file, but none here: it
 * was run in another folder, and here it would begin with an empty log.
 */
export async function logOfFile(
  agent: string,
  file: string,
  db: string | undefined,
  say: (words: string) => void = printNote,
): Promise<string> {
  const directory = logFor(agent, db)
  const beside = join(dirname(file), HOME, agent)
  const isElsewhere = directory === join(HOME, agent) && resolve(beside) !== resolve(directory)
  if (isElsewhere && !(await holdsLog(directory)) && (await holdsLog(beside)))
    say(
      `agent ${JSON.stringify(agent)} has a log beside its file, which is not used in this folder: to use it, add --db ${shellWord(beside)}`,
    )
  return directory
}

/** @throws UsageError for a log in PostgreSQL, where a command is about the files of a log */
export function inFolder(place: string): string {
  if (!isPostgres(place)) return place
  throw new UsageError(
    `${shownPlace(place)} is not a folder: a log in PostgreSQL is backed up and restored with its database, by pg_dump, or to any moment (PITR)`,
  )
}

/** The place of a log as it may be shown: an address without its password. */
export function shownPlace(place: string): string {
  if (!/^\s*\w{2,}:\//.test(place)) return place
  const [, head = '', authority = '', rest = ''] = /^([^/]*\/*)([^/?#]*)(.*)$/s.exec(place) ?? []
  // A password that is not encoded may have a / or another mark: then its end is not known.
  if (authority.includes(':') && rest.includes('@')) return `${head}…@${rest.replace(/^.*@/s, '')}`
  return `${head}${authority.replace(/^([^:]*):.*@/s, '$1@')}${rest.replaceAll(/([?&](?:ssl)?password=)[^&]*/gi, '$1…')}`
}

/** Finds the folder of an existing log: `--db`, else `--agent`, else `TIDINGS_DB`, else the only one in `.tidings`. */
export async function whichLog({ db, agent }: Which): Promise<string> {
  const directory = named({ db, agent }) ?? (await onlyLog())
  if (isPostgres(directory) || (await holdsLog(directory))) return directory
  const others = (await agents()).map((each) => (agent === undefined ? join(HOME, each) : each))
  const near = didYouMean(agent ?? directory, others)
  throw new Failure(`there is no log in ${directory}${near}`)
}

/** Returns the folder of a log to fill: like `whichLog`, but a named log may not exist yet. */
export async function logToFill(which: Which): Promise<string> {
  const directory = named(which)
  if (directory === undefined) return whichLog(which)
  if (isPostgres(directory)) return directory
  const found = statSync(directory, { throwIfNoEntry: false })
  const isFree = found === undefined || (found.isDirectory() && readdirSync(directory).length === 0)
  if (isFree || (found.isDirectory() && (await holdsLog(directory)))) return directory
  throw new Failure(`${directory} holds other files, not a log`)
}

function named({ db, agent }: Which): string | undefined {
  if (db !== undefined && agent !== undefined) throw new UsageError('--db and --agent both select a log: leave one out')
  if (agent !== undefined) return join(HOME, agent)
  const given = db ?? (process.env.TIDINGS_DB || undefined)
  return given === undefined ? undefined : known(given)
}

/** @throws UsageError for an address that is not one of PostgreSQL */
function known(place: string): string {
  const wrong = foreignAddress(place)
  if (wrong !== undefined) throw new UsageError(wrong)
  return place
}

async function onlyLog(): Promise<string> {
  const all = await agents()
  // Ignores the log of agent-test, and what a repair has left beside a log, unless it is the only one.
  const isAside = (name: string): boolean =>
    name === 'test' || all.some((other) => [`${other}.repaired`, `${other}.damaged`].includes(name))
  const meant = all.length > 1 ? all.filter((name) => !isAside(name)) : all
  const [only] = meant
  if (only === undefined) throw new Failure(`there is no log in ${HOME}: run an agent first, or give --db DIR`)
  if (meant.length > 1)
    throw new UsageError(`${HOME} has several logs: choose one with --agent ${meant.map(shellWord).join(', --agent ')}`)
  return join(HOME, only)
}

async function agents(): Promise<string[]> {
  if (!existsSync(HOME)) return []
  const names = readdirSync(HOME)
  const held = await Promise.all(names.map((name) => holdsLog(join(HOME, name))))
  return names.filter((_, i) => held[i]).sort()
}

/** @throws TidingsError `TIDINGS_LOG_LOCKED` when an agent runs on the log */
export async function refuseIfInUse(directory: string): Promise<void> {
  const { connect, TidingsError } = await import('../../lib/index.ts')
  if (isPostgres(directory) || !(await holdsLog(directory)) || (await connect(directory)) === undefined) return
  throw new TidingsError('TIDINGS_LOG_LOCKED', `an agent runs on the log in ${directory}: stop it first`, {
    details: { directory },
  })
}
