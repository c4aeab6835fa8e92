import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin, stop } from 'esbuild'
import { joinPackage, requirePackage } from './join-package.ts'

const root = join(import.meta.dirname, '../..')

/** These import source files by paths that are computed: they are compiled as they run. */
const FROM_SOURCE = /^spec.(docs.code-blocks|core.brand)/

/** These start the programs in bin/children by a path beside their own: in a compiled spec, the compiled ones. */
const STARTS_CHILDREN = /^bin.commands.(torture.victim|db.in-child)\.ts$/

/** Its two hundred modules take longer to load than most specs run. */
const RXJS = ['rxjs', 'rxjs/operators', 'rxjs/testing']

/** Of fast-check, specs then use the copy that `tidings/testing` requires. */
const REQUIRED = ['fast-check', 'typescript']

/** Compiled files. */
export interface Compiled {
  readonly folder: string
  /** The compiled path of a source file. */
  of(source: string): string
  /** Removes them all. */
  remove(): void
}

/** The programs that specs start, and what programs, workers and specs import by its path. */
export function programs(): readonly string[] {
  const paths = ['spec', 'bin/children', 'docs/recipes'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  const isProgram =
    /([\\/](programs|children|recipes)[\\/][^\\/]+|-child|spec[\\/]streams[\\/][^\\/]+-service)(?<!\.spec)\.ts$/
  return [...paths.filter((path) => isProgram.test(path)), 'lib/index.ts'].map((path) => join(root, path))
}

/**
 * Compiles specs, with all that they import from this repository, into few files: a spec then starts in a third of the
 * time that it needs to compile on its own and to load some hundred modules. Packages stay where they are.
 */
export async function compile(sources: readonly string[]): Promise<Compiled> {
  // Inside of the repository, so that packages are found from there.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/spec-'))
  const of = (source: string): string => join(folder, relative(root, source).replace(/\.ts$/, '.js'))
  const isSource = (source: string): boolean => FROM_SOURCE.test(relative(root, source))
  await build({
    entryPoints: sources.filter((source) => !isSource(source)),
    outbase: root,
    outdir: folder,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
    plugins: [keepPlaces(of), replace(replacements(join(folder, 'packages')))],
    define: {
      'import.meta.url': 'placeOfModule.url',
      'import.meta.dirname': 'placeOfModule.dirname',
      'import.meta.filename': 'placeOfModule.filename',
      'import.meta.resolve': 'placeOfModule.resolve',
    },
  })
  // Its service would keep running beside the specs.
  await stop()
  for (const source of sources.filter(isSource)) {
    mkdirSync(dirname(of(source)), { recursive: true })
    const lines = [
      "import 'tsx'",
      // For the processes that it forks.
      "process.execArgv.push('--import', 'tsx')",
      `await import(${JSON.stringify(pathToFileURL(source).href)})`,
    ]
    writeFileSync(of(source), lines.join('\n'))
  }
  return { folder, of, remove: () => rmSync(folder, { recursive: true }) }
}

/** By name, the URL of the module that stands in for a package. */
function replacements(folder: string): ReadonlyMap<string, string> {
  return new Map([
    ...joinPackage(RXJS, folder),
    ...REQUIRED.map((name) => [name, requirePackage(name, folder)] as const),
  ])
}

/** Imports other modules instead of packages. */
const replace = (urls: ReadonlyMap<string, string>): Plugin => ({
  name: 'replace packages',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[a-z]/ }, ({ path }) => {
      const url = urls.get(path)
      return url === undefined ? undefined : { path: url, external: true }
    }),
})

/** Every module keeps the place of its source: it reads fixtures and starts programs from there. */
const keepPlaces = (compiled: Compiled['of']): Plugin => ({
  name: 'keep places',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const filename = STARTS_CHILDREN.test(relative(root, path)) ? compiled(path) : path
      const place = { url: pathToFileURL(filename).href, dirname: dirname(filename), filename }
      const contents = readFileSync(path, 'utf8')
      // On the first line, so that line numbers stay.
      const resolve = '(id) => new URL(id, placeOfModule.url).href'
      const head = `const placeOfModule = { ...${JSON.stringify(place)}, resolve: ${resolve} };`
      return { contents: head + contents, loader: 'ts' }
    }),
})
