import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isPromise } from 'node:util/types'
import { isAgent, isJob, isListener, isStream } from '../../lib/cli.ts'
import { exitCodes, Failure } from '../cli/errors.ts'
import { printProblem } from '../print/print.ts'
import { closeCache, compileCache } from './compile-cache.ts'
import { endings } from './find-file.ts'
import { ModuleGraph } from './module-loader.ts'
import { type RunConfig, readRunConfig } from './tsconfig.ts'

/** The exports of a user's module. */
export type Exports = Readonly<Record<string, unknown>>

const NOT_FOUND = /Cannot find (?:module|package) '([^']+)'[^]*?(?:- |imported from )(\S+)/

const BAD_JSON = /^(\S+\.json): (.*)/

/** Node's exit code for an unsettled top-level await. */
const UNSETTLED = 13

const OWN = import.meta.url.slice(0, import.meta.url.lastIndexOf('/bin/'))

const graph = new ModuleGraph()
const loaded = new Map<string, Promise<Exports>>()

/** Loads a user's module; later calls return the first result. Modules that several have in common are loaded once. */
export function loadModule(file: string): Promise<Exports> {
  const path = resolve(file)
  const known = loaded.get(path) ?? load(file, graph, () => undefined)
  loaded.set(path, known)
  return known
}

/**
 * Loads a user's module, and all that it imports, as the files are now.
 *
 * @param reached receives the path of each file that the outcome depends on, also if that is a failure, and of those that
 *   are missing. May repeat
 */
export function loadFresh(file: string, reached: (file: string) => void): Promise<Exports> {
  return load(file, new ModuleGraph(), reached)
}

/**
 * Loads a user's TypeScript or JavaScript module. Its imports of 'tidings' and 'rxjs' resolve to what its own folder has
 * installed, else to the copy this program uses: agents need no package of their own, and there is one copy.
 *
 * @throws Failure saying where the module is wrong
 */
async function load(file: string, modules: ModuleGraph, reached: (file: string) => void): Promise<Exports> {
  const path = resolve(file)
  const config = readRunConfig(path)
  if (config.file !== undefined) reached(config.file)
  // The cache key is the source alone: with `paths`, imports may resolve elsewhere next time.
  const cache = config.candidates === undefined && compileCache(config.compilerOptions.experimentalDecorators === true)
  const stuck = (): void => reportStuck(file)
  process.once('exit', stuck)
  try {
    return exportsOf(await modules.import(path, { config, cache, reached }))
  } catch (error) {
    for (const missing of missingFiles(error, config)) reached(missing)
    throw new Failure(describeFailure(file, error), { cause: error })
  } finally {
    process.off('exit', stuck)
    closeCache(cache)
  }
}

/** Returns exports by name. A whole CommonJS export (`module.exports =` or `export =`) is the default. */
function exportsOf(module: object): Exports {
  const { default: whole } = module as Exports
  // Its own names would be those of its parts.
  if (!Object.hasOwn(module, 'default') && isWhole(whole)) return { default: whole }
  const exports: Exports = Object.fromEntries(Object.entries(module))
  // A CommonJS export named `default` is a property of the default export.
  const inner = typeof whole === 'object' && whole !== null && Object.hasOwn(whole, 'default')
  return inner ? { ...exports, default: (whole as { readonly default: unknown }).default } : exports
}

function isWhole(exported: unknown): boolean {
  const kinds = [isAgent, isJob, isListener, isStream, Array.isArray, isPromise]
  return typeof exported === 'function' || kinds.some((is) => is(exported))
}

/** Node silently ends a process whose pending await can never settle. */
function reportStuck(file: string): void {
  if (process.exitCode !== UNSETTLED) return
  printProblem(`${file} never finishes loading: its top-level await never settles`)
  process.exitCode = exitCodes.failed
}

/** The files that may have been meant: once one of them is there, the module may load. */
function missingFiles(error: unknown, { candidates }: RunConfig): readonly string[] {
  const { path, message } = error as NodeJS.ErrnoException
  if (path !== undefined) return [path]
  const [, name, importer] = NOT_FOUND.exec(message) ?? []
  if (name === undefined || importer === undefined) return []
  const isPath = /^[./]/.test(name)
  const paths = isPath ? [resolve(dirname(fileURLToPath(toUrl(importer))), name)] : (candidates?.(name) ?? [])
  return paths.flatMap((each) => [
    each,
    ...endings.map((ending) => each + ending),
    each.replace(/\.([cm]?)js$/, '.$1ts'),
  ])
}

function describeFailure(file: string, error: unknown): string {
  if (!(error instanceof Error)) return `${file} threw ${String(error)}`
  const [, syntax, at] = /^ParseError: (.*?)\s*\n?\s*(\S+:\d+:\d+)/s.exec(error.message) ?? []
  if (syntax !== undefined && at !== undefined) return `${short(at)}: ${syntax}`
  const [, name, importer] = NOT_FOUND.exec(error.message) ?? []
  if (name !== undefined && importer !== undefined) {
    return `${short(importer)}:${lineWith(name, importer)}: can't find ${JSON.stringify(name)}`
  }
  const [, json, words] = error instanceof SyntaxError ? (BAD_JSON.exec(error.message) ?? []) : []
  if (json !== undefined && words !== undefined) return `${short(json)}: ${words}`
  const place = placeOf(error)
  return `${place === undefined ? file : short(place)}: ${error.message}`
}

// Finds the first stack line in the user's own code. Omits the column, which refers to the compiled code.
function placeOf({ stack = '' }: Error): string | undefined {
  const places = [...stack.matchAll(/^\s+at (?:.* )?\(?((?:file:\/\/|\/|[A-Z]:\\)[^()\n]+:\d+):\d+\)?$/gm)]
  return places
    .map(([, place = '']) => place)
    .find((place) => !place.includes('node_modules') && !place.includes('node:') && !place.startsWith(OWN))
}

function lineWith(text: string, file: string): number {
  return (
    readFileSync(fileURLToPath(toUrl(file)), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1
  )
}

function toUrl(file: string): URL {
  return file.startsWith('file:') ? new URL(file) : pathToFileURL(file)
}

function short(place: string): string {
  const path = place.replace(/^file:\/\//, '')
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}
