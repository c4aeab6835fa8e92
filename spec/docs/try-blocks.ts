import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compiledProgram } from '../support/compiled-program.ts'
import { asModule, type Block } from './blocks.ts'

const root = join(import.meta.dirname, '../..')

/** Compiled blocks, together with the package that they import. */
export interface Compiled {
  readonly directory: string
  /** The compiler's errors, each as `file:line words`, with the lines of the page. */
  readonly errors: readonly string[]
  readonly files: ReadonlyMap<string, Block>
}

/**
 * Compiles the blocks and lib/ into one new directory, as a package of its own: blocks import the current sources as
 * 'tidings', and start as fast as for users. The caller removes the directory.
 */
export async function compile(blocks: readonly Block[]): Promise<Compiled> {
  const files = new Map(blocks.map((block, index) => [`block-${index + 1}`, block]))
  const typed = [...files].filter(([, { language }]) => language === 'ts')
  const sources = await Promise.all(
    typed.map(async ([name, { file, code }]) => [name, asModule(code, await modulesFor(file))] as const),
  )
  mkdirSync(join(root, '.cache'), { recursive: true })
  const directory = mkdtempSync(join(root, '.cache/docs-'))
  for (const [name, source] of sources) writeFileSync(join(directory, `${name}.ts`), `${source}\nexport {}\n`)
  const manifest = readFileSync(join(root, 'package.json'), 'utf8')
  writeFileSync(join(directory, 'package.json'), manifest.replaceAll('./dist/', './out/'))
  const compilerOptions = {
    noEmit: false,
    outDir: 'out',
    rootDir: '../..',
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  writeFileSync(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts', '../../streams'] }),
  )
  for (const [name, { language, code }] of files) {
    if (language !== 'cjs') continue
    mkdirSync(builtIn(directory), { recursive: true })
    writeFileSync(join(builtIn(directory), `${name}.cjs`), code)
  }
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { ended, output } = await run(tsc, ['-p', directory, '--pretty', 'false'], root, 60_000)
  return { directory, files, errors: ended === 'well' ? [] : errorsIn(output, files) }
}

/** Where the compiler puts the blocks of this directory. */
function builtIn(directory: string): string {
  return join(directory, 'out/.cache', basename(directory))
}

/** The names that an excerpt may use without an import; in a source file, also its exports. */
async function modulesFor(file: string): Promise<Record<string, string[]>> {
  const modules = {
    tidings: 'lib/index.ts',
    'tidings/filters': 'lib/filters.ts',
    'tidings/testing': 'lib/testing/index.ts',
    ...(file.endsWith('.ts') ? { [`../../${file}`]: file } : {}),
  }
  const names = Object.entries(modules).map(async ([module, path]) => [
    module,
    Object.keys(await import(join(root, path))),
  ])
  return Object.fromEntries(await Promise.all(names)) as Record<string, string[]>
}

function errorsIn(output: string, files: Compiled['files']): string[] {
  const errors = output.split('\n').flatMap((text) => {
    const [, name = '', line, words] = /(?:^|\/)(block-\d+)\.ts\((\d+),\d+\): (.*)$/.exec(text) ?? []
    const block = files.get(name)
    return block === undefined ? [] : [`${block.file}:${block.line + Number(line) - 1} ${words}`]
  })
  return errors.length > 0 ? errors : [output]
}

/**
 * Runs the blocks that should run, each in an empty directory. Returns those that fail or take longer than `limit` ms. A
 * block that waits for SIGTERM gets it, as from a supervisor, and must then end.
 * Processes are expensive, so many blocks share one; only if that fails, each of them gets its own.
 */
export async function execute({ directory, files }: Compiled, limit: number): Promise<string[]> {
  const running = [...files].filter(([, { runs }]) => runs)
  const processes = availableParallelism()
  const shares = Array.from({ length: processes }, (_, share) => running.filter((__, i) => i % processes === share))
  const scriptOf = (name: string): string => {
    const ending = files.get(name)?.language === 'cjs' ? 'cjs' : 'js'
    return join(builtIn(directory), `${name}.${ending}`)
  }
  const failures = shares.map(async (share) => {
    const scripts = share.map(([name]) => scriptOf(name))
    if ((await runIn([together, ...scripts], Math.max(limit, 1000 * share.length))).output.endsWith(allRan)) return []
    const failed: string[] = []
    for (const [name, { file, line }] of share) {
      const { ended, output } = await runIn(['--enable-source-maps', together, scriptOf(name)], limit)
      if (ended !== 'well') failed.push(`${file}:${line} ${ended}\n${output}`)
    }
    return failed
  })
  return (await Promise.all(failures)).flat()
}

const together = join(import.meta.dirname, 'together.mjs')
/** Its last line, if nothing failed. */
const allRan = 'all ran\n'

async function runIn(args: string[], limit: number): ReturnType<typeof run> {
  const cwd = mkdtempSync(join(tmpdir(), 'tidings-docs-'))
  // Else a block with a test makes all others slower.
  const light = await compiledProgram(join(root, 'spec/support/light-runner.ts'))
  const result = await run(process.execPath, ['--import', pathToFileURL(light).href, ...args], cwd, limit)
  rmSync(cwd, { recursive: true, force: true })
  return result
}

function run(file: string, args: string[], cwd: string, limit: number): Promise<{ ended: string; output: string }> {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  // A block that serves takes any free port.
  const env = { ...inherited, PORT: '0' }
  return new Promise((resolve) => {
    const began = performance.now()
    const child = execFile(file, args, { cwd, env }, (error, stdout, stderr) => {
      clearInterval(looking)
      const failed = error?.killed ? `did not end within ${limit} ms` : 'failed'
      resolve({ ended: error === null ? 'well' : failed, output: `${stdout}${stderr}` })
    })
    const looking = setInterval(() => {
      if (performance.now() - began - heldUp(child.pid) > limit) child.kill('SIGKILL')
    }, 100)
  })
}

/** How long a process had work and no processor, in ms: on a busy machine, that is most of its time. */
function heldUp(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    // It has ended, or this is not Linux.
    return 0
  }
}
