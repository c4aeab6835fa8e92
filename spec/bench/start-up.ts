import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inDirectory, perSecond } from './workload.ts'

const run = promisify(execFile)

/** Number of starts, one after another, in one measurement. */
const STARTS = 8

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts of a command of the built package a second, the whole process, in the folder of a user. */
export async function command(file: string, ...given: readonly string[]): Promise<number> {
  return starts(`${root}${file}`, ...given)
}

/** Starts of node alone a second. */
export async function node(): Promise<number> {
  return starts('-e', '0')
}

function starts(...given: readonly string[]): Promise<number> {
  return inDirectory(async (cwd) => {
    writeFileSync(join(cwd, 'package.json'), '{ "type": "module" }')
    copyFileSync(join(root, 'docs/examples/hello.ts'), join(cwd, 'hello.ts'))
    mkdirSync(join(cwd, 'node_modules'))
    symlinkSync(root, join(cwd, 'node_modules/tidings'))
    const env = { ...process.env, XDG_CACHE_HOME: join(cwd, 'cache') }
    // The first start fills the caches of the disk and of compiled modules.
    await run(process.execPath, [...given], { cwd, env })
    return perSecond(STARTS, async () => {
      for (let i = 0; i < STARTS; i++) await run(process.execPath, [...given], { cwd, env })
    })
  })
}
