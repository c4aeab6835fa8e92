import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import { createPathsMatcher, findTsconfig, parseTsconfig, type TsConfigResult } from 'get-tsconfig'
import { printProblem } from '../print/print.ts'

/** The settings of a tsconfig.json that affect running a module, as opposed to checking it. */
export interface RunConfig {
  /** The file, without those that it extends; absent without a file. */
  readonly file?: string
  /** The options that change what decorators and class fields do. */
  readonly compilerOptions: Pick<
    NonNullable<TsConfigResult['config']['compilerOptions']>,
    'experimentalDecorators' | 'emitDecoratorMetadata' | 'useDefineForClassFields' | 'target'
  >
  /** Files that an import may resolve to by `paths` and `baseUrl`, best first; absent without either setting. */
  readonly candidates?: (specifier: string) => readonly string[]
}

// Two copies would not recognise each other's errors and Observables, so only the program resolves these.
const SHARED = /^(?:tidings|rxjs)(?:\/|$)/

/**
 * Reads the tsconfig.json nearest to a module, including everything it extends. An unreadable file is reported and
 * ignored: its base may be installed only on the machine where the module is written.
 */
export function readRunConfig(module: string): RunConfig {
  const found = nearest(dirname(module))
  if (found === undefined) return { compilerOptions: {} }
  const { experimentalDecorators, emitDecoratorMetadata, useDefineForClassFields, target } =
    found.config.compilerOptions ?? {}
  const options = { experimentalDecorators, emitDecoratorMetadata, useDefineForClassFields, target }
  const compilerOptions = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const matcher = createPathsMatcher(found)
  const { path: file } = found
  if (matcher === null) return { file, compilerOptions }
  return {
    file,
    compilerOptions,
    candidates: (specifier) => (SHARED.test(specifier) || isBuiltin(specifier) ? [] : matcher(specifier)),
  }
}

function nearest(folder: string): TsConfigResult | undefined {
  const path = findTsconfig(folder)
  try {
    return path === undefined ? undefined : { path, config: parseTsconfig(path) }
  } catch (error) {
    printProblem(`${path} is ignored, since it can't be read: ${(error as Error).message}`)
    return undefined
  }
}
