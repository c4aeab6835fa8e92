import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { root } from './root.ts'

/**
 * The engine and the programs that suites kill, compiled into a temporary directory: a program starts three times as
 * fast as from its source. Takes `import.meta.resolve(…)` of a program. Each file of suites compiles again, so it tests
 * the current code, and removes the directory afterwards.
 */
export function compiled(): (url: string) => Promise<string> {
  let made: Promise<string> | undefined
  after(async () => {
    if (made !== undefined) await rm(await made, { recursive: true, force: true })
  })
  return async (url) => {
    const program = relative(root, fileURLToPath(url)).replace(/ts$/, 'js')
    return join(await (made ??= compile()), program)
  }
}

async function compile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-compiled-'))
  const config = join(directory, 'tsconfig.json')
  const options = { noEmit: false, noCheck: true, outDir: directory, rootDir: root, paths: {} }
  const settings = { extends: join(root, 'tsconfig.json'), compilerOptions: options }
  const include = [join(root, 'lib'), join(root, 'bin/user/guards.ts'), join(root, 'spec/faults/programs')]
  await writeFile(config, JSON.stringify({ ...settings, include }))
  await copyFile(join(root, 'package.json'), join(directory, 'package.json'))
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', config])
  return directory
}
