import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'
import { root } from './root.ts'

/**
 * The engine and the programs that suites kill, as JavaScript in a temporary directory: a program then starts three
 * times as fast as from its source. Made anew for each file of suites, so it is what is tested; removed after it.
 */
export function compiled(): (program: string) => Promise<string> {
  let made: Promise<string> | undefined
  after(async () => {
    if (made !== undefined) await rm(await made, { recursive: true, force: true })
  })
  return async (program) => join(await (made ??= compile()), 'spec/faults/programs', `${program}.js`)
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
