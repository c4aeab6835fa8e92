// Runs the specs: all, or those whose path contains one of the words given. `--slow`: the long suites instead.
// `--name PATTERN`: only tests of that name. Fails if a test fails, or if a selected file has no test.
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { compile, programs } from './compile.ts'
import { shareProcesses } from './share-processes.ts'

const root = join(import.meta.dirname, '../..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { slow: { type: 'boolean', default: false }, name: { type: 'string' } },
})

/** Suites that start programs or wait go first, so that the run does not end with them alone. */
const isQuick = (path: string): boolean =>
  !/^spec.(package|docs|e2e|agent|faults|testing|streams|level|postgres)/.test(path)

const ending = values.slow ? '.slow.ts' : '.spec.ts'
const files = readdirSync(join(root, 'spec'), { recursive: true, encoding: 'utf8' })
  .map((path) => join('spec', path))
  .filter(
    (path) => path.endsWith(ending) && (positionals.length === 0 || positionals.some((word) => path.includes(word))),
  )
  .toSorted((a, b) => Number(isQuick(a)) - Number(isQuick(b)) || (a < b ? -1 : 1))
  .map((path) => join(root, path))

// Each file, or some together, runs in a process of its own, started with this one's flags.
const before = ['light-runner.ts', 'leaks.ts'].map((name) => join(import.meta.dirname, name))
const compiled = await compile([...files, ...before, ...programs()])
process.env['TIDINGS_COMPILED'] = compiled.folder
process.once('exit', compiled.remove)
process.execArgv = [
  '--enable-source-maps',
  ...before.flatMap((path) => ['--import', pathToFileURL(compiled.of(path)).href]),
]

let tests = 0
const empty: string[] = []
const stream = run({
  files: [...(values.slow ? files.map(compiled.of) : shareProcesses(files, compiled))],
  // More than there are processors: some always wait, for a disk, a clock or a child.
  concurrency: availableParallelism() + 2,
  timeout: values.slow ? 60 * 60_000 : 5 * 60_000,
  ...(values.name === undefined ? {} : { testNamePatterns: [values.name] }),
})
stream.on('test:pass', ({ name, details }) => {
  // Node counts a file without tests as one test that passed, under the file's name.
  const source = files.find((path) => name === compiled.of(path) || join(root, name) === compiled.of(path))
  if (source !== undefined) empty.push(relative(root, source))
  else if (details.type !== 'suite') tests++
})
stream.on('test:fail', () => (process.exitCode = 1))
stream.on('end', () => {
  if (empty.length > 0 && values.name === undefined) fail(`no test in ${empty.join(', ')}`)
  if (tests === 0) fail('no test ran')
})
stream.compose(new spec()).pipe(process.stdout)

function fail(why: string): void {
  process.stderr.write(`\n${why}\n`)
  process.exitCode = 1
}
