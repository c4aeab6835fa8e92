import { didYouMean } from '../../../lib/core/did-you-mean.ts'
import { ownTerminal, type Terminal } from '../../cli/ask.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { printJson, printLine } from '../../print/print.ts'
import { packageRoot, readTemplates, type Template, writeTemplates } from '../../templates.ts'
import { choose, type Wishes } from './choose.ts'
import { installPackages } from './install-packages.ts'
import { dependencyOn } from './origin.ts'
import { checkFolder, isProject, type Place, type Words, wordsOf } from './project.ts'

/** The options of `tidings init`. */
export interface InitOptions extends Wishes {
  readonly deploy?: readonly string[] | undefined
  readonly install?: boolean | undefined
  readonly 'no-install'?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Where the files of each kind of deployment go. */
const DEPLOYMENTS: Readonly<Record<string, string>> = { systemd: 'deploy', docker: '', ansible: '' }

/** Writes a project, or adds to one; resolves to the exit code. */
export async function runInit(options: InitOptions, terminal: Terminal = ownTerminal()): Promise<number> {
  const deployments = deploymentsOf(options.deploy ?? [])
  if (options.js === true && options.ts === true) throw new UsageError('--js and --ts exclude each other')
  if (options.install === true && options['no-install'] === true)
    throw new UsageError('--install and --no-install exclude each other')
  const here = options.directory === undefined && deployments.length > 0 && isProject('.')
  const { place, language } = await choose(here ? { ...options, directory: '.' } : options, terminal)
  const adds = place.state === 'project' && deployments.length > 0
  const words = place.state === 'project' ? wordsOf(place) : { project: place.name, agent: 'hello', ext: language }
  const files = deployments.flatMap((name) => readTemplates(name, words, DEPLOYMENTS[name]))
  if (!adds) {
    files.unshift(...projectFiles(words))
    checkFolder(place, files)
  }
  const { written, kept } = writeTemplates(place.directory, files)
  const installs = options.install ?? (options['no-install'] !== true && written.includes('package.json'))
  if (options.json !== true) {
    printList(`wrote in ${place.shown}:`, written)
    printList('kept as they are:', kept)
  }
  const seconds = installs ? await installPackages(place.directory, place.shown) : undefined
  if (options.json === true) printJson({ directory: place.directory, written, kept, installed: installs })
  else {
    if (seconds !== undefined) printLine(`installed its packages in ${seconds} s`)
    if (!isProject(place.directory)) printLine(`package.json lacks tidings: npm install tidings rxjs`)
    if (!adds) printNext(place, installs)
  }
  return exitCodes.ok
}

function deploymentsOf(given: readonly string[]): string[] {
  const known = Object.keys(DEPLOYMENTS)
  const names = given.flatMap((each) => each.split(',')).map((name) => name.trim())
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      `--deploy must be one of ${known.join(', ')}, got ${JSON.stringify(unknown)}${didYouMean(unknown, known)}`,
    )
  // `deploy.yaml` installs the units of systemd.
  return known.filter((name) => names.includes(name) || (name === 'systemd' && names.includes('ansible')))
}

function projectFiles(words: Words): Template[] {
  const all = { ...words, tidings: dependencyOn(packageRoot) }
  const files = ['all', words.ext].flatMap((folder) => readTemplates(`init/${folder}`, all))
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function printList(title: string, paths: readonly string[]): void {
  if (paths.length === 0) return
  printLine(title)
  for (const path of paths) printLine(`  ${path}`)
}

function printNext({ shown }: Place, installed: boolean): void {
  const steps = [
    ...(shown === '.' ? [] : [[`cd ${shown}`, '']]),
    ...(installed ? [] : [['npm install', 'installs its packages']]),
    ['npm run dev', 'runs the agent, and loads it again whenever it changes'],
    ['npm test', 'runs its tests'],
  ] as const
  printLine('next:')
  for (const [command, what] of steps) printLine(`  ${command.padEnd(12)}${what === '' ? '' : `  ${what}`}`.trimEnd())
}
