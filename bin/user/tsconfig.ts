import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import { createPathsMatcher, findTsconfig, parseTsconfig, type TsConfigResult } from 'get-tsconfig'
import { complain } from '../print/complain.ts'

/** What a tsconfig.json says about running a module, beside how to check it. */
export interface RunConfig {
  /** The options that change what decorators and class fields do. */
  readonly compilerOptions: Pick<
    NonNullable<TsConfigResult['config']['compilerOptions']>,
    'experimentalDecorators' | 'emitDecoratorMetadata' | 'useDefineForClassFields' | 'target'
  >
  /** Where an import may lead by `paths` and `baseUrl`, best first; absent if there are neither. */
  readonly candidates?: (specifier: string) => readonly string[]
}

// Two copies would not know each other's errors and Observables: these are resolved by the program alone.
const SHARED = /^(?:tidings|rxjs)(?:\/|$)/

/**
 * Reads the tsconfig.json that is nearest to a module, with all that it extends. One that can't be read is reported and
 * ignored: what it extends may be installed only where the module is written.
 */
export function readRunConfig(module: string): RunConfig {
  const found = nearest(dirname(module))
  if (found === undefined) return { compilerOptions: {} }
  const { experimentalDecorators, emitDecoratorMetadata, useDefineForClassFields, target } =
    found.config.compilerOptions ?? {}
  const options = { experimentalDecorators, emitDecoratorMetadata, useDefineForClassFields, target }
  const compilerOptions = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const matcher = createPathsMatcher(found)
  if (matcher === null) return { compilerOptions }
  return {
    compilerOptions,
    candidates: (specifier) => (SHARED.test(specifier) || isBuiltin(specifier) ? [] : matcher(specifier)),
  }
}

function nearest(folder: string): TsConfigResult | undefined {
  const path = findTsconfig(folder)
  try {
    return path === undefined ? undefined : { path, config: parseTsconfig(path) }
  } catch (error) {
    complain(`${path} is ignored, since it can't be read: ${(error as Error).message}`)
    return undefined
  }
}
