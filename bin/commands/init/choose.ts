import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { escape } from '../../../lib/core/escape.ts'
import { type Ask, isInteractive, onTerminal, type Terminal } from '../../cli/ask.ts'
import { Failure, UsageError } from '../../cli/errors.ts'
import { type Place, placeAt, problemWith, type Words } from './project.ts'

/** The language of the agents, as the ending of their files. */
export type Language = Words['ext']

/** What a user says about a new project. Without a terminal to ask on, the folder must be given. */
export interface Wishes {
  readonly directory?: string | undefined
  readonly js?: boolean | undefined
  readonly ts?: boolean | undefined
  readonly yes?: boolean | undefined
}

/** The folder of a project that was not named. */
const DEFAULT = 'my-agents'

/** Where the project goes, and its language: as given, as answered, else the defaults. */
export function choose(
  { directory, js, ts, yes }: Wishes,
  terminal: Terminal,
): Promise<{ readonly place: Place; readonly language: Language }> {
  const asks = yes !== true && isInteractive(terminal)
  const decided: Language | undefined = js === true ? 'js' : ts === true || !asks ? 'ts' : undefined
  const choice = async (ask?: Ask): Promise<{ readonly place: Place; readonly language: Language }> => {
    if (directory === undefined && ask === undefined && yes !== true)
      throw new UsageError(`DIR is missing: tidings init DIR, or --yes for ${DEFAULT}`)
    const chosen = directory ?? (ask === undefined ? DEFAULT : await askFor(ask, QUESTION, DEFAULT, nameProblem))
    const place = placeAt(resolve(chosen))
    if (place.state === 'project' || decided !== undefined || ask === undefined)
      return { place, language: decided ?? 'ts' }
    return { place, language: await askForLanguage(ask) }
  }
  const isDecided = directory !== undefined && decided !== undefined
  return asks && !isDecided ? onTerminal(terminal, choice) : choice()
}

const QUESTION = 'Folder of the new project'

function nameProblem(path: string): string | undefined {
  return existsSync(path) ? undefined : problemWith(basename(resolve(path)))
}

async function askForLanguage(ask: Ask): Promise<Language> {
  const language = (answer: string): Language | undefined =>
    /^t(s|ypescript)?$/i.test(answer) ? 'ts' : /^j(s|avascript)?$/i.test(answer) ? 'js' : undefined
  const problem = (answer: string) => (language(answer) === undefined ? 'answer ts or js' : undefined)
  return language(await askFor(ask, 'TypeScript or JavaScript: ts or js', 'ts', problem)) ?? 'ts'
}

async function askFor(
  ask: Ask,
  question: string,
  fallback: string,
  problemIn: (answer: string) => string | undefined,
): Promise<string> {
  for (let hint = ''; ; ) {
    const answer = await ask(`${hint}${question} (${fallback}): `)
    if (answer === undefined) throw new Failure('nothing was written')
    const chosen = answer === '' ? fallback : answer
    const problem = problemIn(chosen)
    if (problem === undefined) return chosen
    hint = `${escape(problem)}\n`
  }
}
