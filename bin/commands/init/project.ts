import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join, relative } from 'node:path'
import { Failure, UsageError } from '../../cli/errors.ts'
import type { Template } from '../../templates.ts'

/** The folder that a project goes to. */
export interface Place {
  readonly directory: string
  /** How the user wrote it, or would. */
  readonly shown: string
  /** The name of the project. */
  readonly name: string
  readonly state: 'new' | 'project'
}

/** The words of templates. */
export interface Words extends Readonly<Record<string, string>> {
  readonly project: string
  /** The name of its first agent, and of the file of that in `agents/`. */
  readonly agent: string
  /** The ending of the files of agents. */
  readonly ext: 'ts' | 'js'
}

/** Names that npm can't install their dependencies under. */
const TAKEN = ['tidings', 'rxjs', 'typescript', 'fast-check', 'node_modules', 'favicon.ico']

/** What may be in a folder before it becomes a project, beside files that a project has. */
const HARMLESS =
  /^(?:\.git|\.gitattributes|\.editorconfig|\.idea|\.vscode|\.tidings|\.env|\.npmrc|\.DS_Store|node_modules|package-lock\.json|license.*|readme.*)$/i

/** Whether a folder has a project already: a package.json that depends on tidings. */
export function isProject(directory: string): boolean {
  const path = join(directory, 'package.json')
  if (!existsSync(path)) return false
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, object | undefined>>
    return ['dependencies', 'devDependencies'].some((kind) => Object.hasOwn(manifest[kind] ?? {}, 'tidings'))
  } catch (error) {
    throw new Failure(`${path} can't be read: ${(error as Error).message}`)
  }
}

/** @throws UsageError if a project can't have the name of this folder, or something else is there */
export function placeAt(directory: string): Place {
  const near = relative(process.cwd(), directory)
  const shown = near === '' ? '.' : near.startsWith('..') ? directory : near
  const found = statSync(directory, { throwIfNoEntry: false })
  if (found !== undefined && !found.isDirectory()) throw new UsageError(`${shown} is not a folder`)
  const name = basename(directory)
  if (isProject(directory)) return { directory, shown, name, state: 'project' }
  const problem = problemWith(name)
  if (problem !== undefined) throw new UsageError(problem)
  return { directory, shown, name, state: 'new' }
}

/** What is wrong with a name of a package, by the rules of npm. */
export function problemWith(name: string): string | undefined {
  const isValid = /^[a-z0-9~-][a-z0-9._~-]*$/.test(name) && name.length <= 214
  if (isValid && !TAKEN.includes(name)) return undefined
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replaceAll(/^[-._]+|-+$/g, '')
    .slice(0, 214)
  const instead = plain === '' || TAKEN.includes(plain) ? 'my-agents' : plain
  const why = isValid ? 'is the name of another package' : "can't be the name of a package"
  return `${JSON.stringify(name)} ${why}: use lower-case letters, digits, '-', '.' and '_', such as ${instead}`
}

/** @throws UsageError if the folder has files that no new project has: it is something else */
export function checkFolder({ directory, shown, state }: Place, files: readonly Template[]): void {
  if (!existsSync(directory)) return
  const expected = new Set(files.map(({ path }) => path.split('/')[0]))
  const others = readdirSync(directory).filter((name) => !expected.has(name) && !HARMLESS.test(name))
  const [first] = others
  if (first === undefined) return
  if (state === 'project')
    throw new UsageError(`${shown} has a project already; --deploy systemd,docker,ansible adds to it`)
  const more = others.length > 1 ? ` and ${others.length - 1} more` : ''
  throw new UsageError(`${shown} is not empty: it has ${first}${more}; name a folder that is new or empty`)
}

/** The words for a project that exists: those of its first agent. */
export function wordsOf({ directory, name }: Place): Words {
  const agents = join(directory, 'agents')
  const files = existsSync(agents) ? readdirSync(agents).filter((file) => /\.[cm]?[jt]s$/.test(file)) : []
  const file = files.find((each) => each.startsWith('hello.')) ?? files.sort()[0] ?? 'hello.ts'
  const ext = extname(file).endsWith('ts') ? 'ts' : 'js'
  return { project: name, agent: basename(file, extname(file)), ext }
}
