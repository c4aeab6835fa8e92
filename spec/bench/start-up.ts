import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { perSecond } from './workload.ts'

const run = promisify(execFile)

/** Number of starts, one after another, in one measurement. */
const STARTS = 8

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = fileURLToPath(new URL('../../docs/examples', import.meta.url))

/** Starts of a command of the built package a second, the whole process. */
export async function command(file: string, ...given: readonly string[]): Promise<number> {
  return starts(`${root}${file}`, ...given)
}

/** Starts of node alone a second. */
export async function node(): Promise<number> {
  return starts('-e', '0')
}

async function starts(...given: readonly string[]): Promise<number> {
  // The first start fills the disk cache.
  await run(process.execPath, [...given], { cwd: examples })
  return perSecond(STARTS, async () => {
    for (let i = 0; i < STARTS; i++) await run(process.execPath, [...given], { cwd: examples })
  })
}
