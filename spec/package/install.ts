import { appendFileSync, copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { must, root } from './programs.ts'
import { openRegistry } from './registry.ts'

/** The package as npm packs it. */
export interface Packed {
  readonly tarball: string
  /** In bytes. */
  readonly size: number
  readonly files: readonly string[]
}

/** Where the package is installed, each time from the tarball. */
export interface Installed {
  /** A user's folder with `hello.ts`, the package and fast-check; the package prints `localCopy` when it is imported. */
  readonly project: string
  /** Prefix of a global installation, without the optional peers. */
  readonly prefix: string
  /** A user's folder with `hello.ts` and no package. */
  readonly bare: string
}

/** The line that the copy in the project prints on standard error, to show which copies a program uses. */
export const localCopy = 'this is the local copy\n'

/** Packs what `npm run build` built. */
export async function pack(directory: string): Promise<Packed> {
  if (!existsSync(join(root, 'dist/lib/index.js'))) throw new Error('dist is missing: run npm run build')
  const output = await must(root, 'npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', directory])
  const [packed] = JSON.parse(output) as { filename: string; size: number; files: { path: string }[] }[]
  if (packed === undefined) throw new Error(`npm packed nothing: ${output}`)
  return {
    tarball: join(directory, packed.filename),
    size: packed.size,
    files: packed.files.map(({ path }) => path),
  }
}

/** Installs the tarball as a dependency and globally, as users do. */
export async function install(directory: string, tarball: string): Promise<Installed> {
  const at = (name: string): string => join(directory, name)
  const [project, prefix, bare] = [at('project'), at('prefix'), at('bare')]
  for (const folder of [project, bare]) {
    mkdirSync(folder)
    copyFileSync(join(root, 'docs/examples/hello.ts'), join(folder, 'hello.ts'))
  }
  await using registry = await openRegistry()
  const npm = (...args: readonly string[]): Promise<string> => {
    const from = [`--registry=${registry.url}`, '--noproxy=127.0.0.1', '--prefer-offline', `--cache=${at('cache')}`]
    return must(project, 'npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...from, ...args])
  }
  await npm(tarball, 'rxjs@7.8.2', 'fast-check@4.10.2')
  await npm('--global', `--prefix=${prefix}`, tarball)
  const index = join(project, 'node_modules/tidings/dist/lib/index.js')
  appendFileSync(index, `\nprocess.stderr.write(${JSON.stringify(localCopy)})\n`)
  return { project, prefix, bare }
}
