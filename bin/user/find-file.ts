import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { didYouMean } from '../../lib/cli.ts'
import { UsageError } from '../cli/errors.ts'

/** The file endings that a user's module may have. */
export const endings = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'] as const

/** Returns the path of an existing user module, with its ending added if it was omitted. */
export function findFile(file: string): string {
  const found = ['', ...endings].map((ending) => `${file}${ending}`).find(isFile)
  if (found !== undefined) return found
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new UsageError(`${file} is a folder, not a file`)
  throw new UsageError(`there is no file ${file}${didYouMean(file, modulesBeside(file).flatMap(withAndWithoutEnding))}`)
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function withAndWithoutEnding(name: string): string[] {
  return [name, name.slice(0, name.lastIndexOf('.'))]
}

/** Lists the modules in the folder of this path, in the same notation as the path. */
function modulesBeside(file: string): string[] {
  const folder = dirname(file)
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => endings.some((ending) => name.endsWith(ending)))
  return names.map((name) => (file === basename(file) ? name : join(folder, name)))
}
