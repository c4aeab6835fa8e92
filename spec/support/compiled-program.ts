import { join, relative } from 'node:path'
import { after } from 'node:test'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '../..')

let own: Promise<(source: string) => string> | undefined

/**
 * The path of the compiled form of a program that specs start, or of another source file: it starts in a third of the
 * time. The runner compiles all programs together with the specs; without it, the first call compiles this one.
 */
export async function compiledProgram(source: string): Promise<string> {
  const folder = process.env['TIDINGS_COMPILED']
  if (folder !== undefined) return join(folder, relative(root, source).replace(/\.ts$/, '.js'))
  own ??= compileHere(source)
  return (await own)(source)
}

/** Imports a program: its compiled form, or its source where a loader compiles that. */
export async function importCompiled(source: string): Promise<unknown> {
  const isCompiled = process.env['TIDINGS_COMPILED'] !== undefined
  return import(pathToFileURL(isCompiled ? await compiledProgram(source) : source).href)
}

async function compileHere(source: string): Promise<(source: string) => string> {
  const { compile, programs } = await import('./compile.ts')
  const { of, remove } = await compile([...new Set([...programs(), source])])
  after(remove)
  return of
}
