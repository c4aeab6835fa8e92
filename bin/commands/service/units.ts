import { readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { UsageError } from '../../cli/errors.ts'
import { packageRoot, readTemplates } from '../../templates.ts'

/** Options of `tidings service`. */
export interface ServiceOptions {
  readonly project?: string | undefined
  readonly user?: boolean | undefined
  readonly 'run-as'?: string | undefined
}

/** A unit of systemd: the name of its file, and its text. */
export interface Unit {
  readonly name: string
  readonly text: string
}

/** The options that decide about the text of the units. */
export const unitOptions = {
  project: { type: 'string', describe: 'Folder with agents/ and node_modules/; default: this folder' },
  user: { type: 'boolean', describe: 'Make units of your own user, without root' },
  'run-as': { type: 'string', describe: 'User that the agents run as; default: tidings' },
} as const

/** The program of this package, in a folder where it is installed. */
const PROGRAM = 'dist/bin/tidings.js'

/** Folders that a unit with `ProtectHome=yes` does not see. */
const HOMES = ['/home', '/root', '/run/user']

/**
 * The units that run the agents of a project, from the templates of this package: with the paths of this Node, of the
 * project and of its Tidings, and the user.
 *
 * @throws UsageError for a folder without agents, and for a path or user that a unit can't hold
 */
export function unitsOf(options: ServiceOptions): Unit[] {
  if (options.user && options['run-as'] !== undefined)
    throw new UsageError('--user makes units of your own user, so leave out --run-as')
  const project = resolve(options.project ?? '.')
  refuseWithoutAgents(project)
  const program = programOf(project)
  const own = program.startsWith('/') ? [packageRoot] : []
  const lines = {
    WorkingDirectory: safe(project),
    ...(options.user ? {} : { User: userOf(options['run-as'] ?? 'tidings') }),
    ...(options.user ? {} : homesOf([project, dirname(dirname(process.execPath)), ...own])),
  }
  const templates = readTemplates(options.user ? 'systemd-user' : 'systemd', { project: basename(project) })
  return templates.map(({ path, text }) => {
    const filled = text
      .replaceAll('/usr/bin/env node node_modules/tidings/dist/bin/tidings.js', `${safe(process.execPath)} ${program}`)
      .replaceAll('-o tidings ', `-o ${lines.User ?? 'tidings'} `)
    return { name: path, text: withLines(filled, lines) }
  })
}

/** Names of the agents in a project, without the ending of their files. */
export function agentsIn(project: string): string[] {
  const directory = join(project, 'agents')
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(directory)
    .filter((name) => /^[\w-]+\.[cm]?[jt]s$/.test(name))
    .map((name) => name.replace(/\..*/, ''))
    .sort()
}

/** The folder into which systemd looks for units. */
export function unitFolder(user: boolean | undefined): string {
  return user ? join(homedir(), '.config/systemd/user') : '/etc/systemd/system'
}

function refuseWithoutAgents(project: string): void {
  if (agentsIn(project).length > 0) return
  throw new UsageError(
    `${project} has no agents/NAME.ts or .js: go to the folder of your project, or name it with --project DIR`,
  )
}

/** Tidings as it is installed in the project, whose releases may change; else the one that runs now. */
function programOf(project: string): string {
  const local = join('node_modules/tidings', PROGRAM)
  const found = statSync(join(project, local), { throwIfNoEntry: false })
  return found === undefined ? safe(join(packageRoot, PROGRAM)) : local
}

/** A template that may see what it needs below a home, and nothing else there. */
function homesOf(paths: readonly string[]): Readonly<Record<string, string>> {
  const below = (path: string, home: string): boolean => path === home || !relative(home, path).startsWith('..')
  const bound = paths.filter((path) => HOMES.some((home) => below(path, home)))
  return bound.length === 0 ? {} : { ProtectHome: `tmpfs\nBindReadOnlyPaths=${bound.map(safe).join(' ')}` }
}

// The lines that a template has already: it decides what a unit needs.
function withLines(text: string, lines: Readonly<Record<string, string>>): string {
  return Object.entries(lines).reduce(
    (all, [name, value]) => all.replace(new RegExp(`^${name}=.*$`, 'm'), () => `${name}=${value}`),
    text,
  )
}

/** A path that systemd reads as it is: without spaces, specifiers (`%`), variables and quotes. */
function safe(path: string): string {
  if (/^[\w@+.,:=/-]+$/.test(path)) return path
  throw new UsageError(
    `a unit can't hold the path ${JSON.stringify(path)}: it has other characters than letters, digits and @+.,:=/_-`,
  )
}

function userOf(name: string): string {
  if (/^[a-z_][a-z0-9_-]{0,31}$/i.test(name)) return name
  throw new UsageError(`--run-as must be the name of a user, got ${JSON.stringify(name)}`)
}

/** Whether this machine has a user of that name. */
export function hasUser(name: string): boolean {
  if (userInfo().username === name) return true
  return /^\w/.test(name) && passwd().includes(`\n${name}:`)
}

function passwd(): string {
  try {
    return `\n${readFileSync('/etc/passwd', 'utf8')}`
  } catch {
    return ''
  }
}
