import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** The root of the project. */
export const root = join(import.meta.dirname, '../..')

/** The sources of the modules that package.json exports. */
export function exportedModules(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types?: string } | null>
  }
  return Object.values(exports).flatMap((exported) => {
    const source = exported?.types?.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts')
    if (source === undefined) return []
    if (!source.includes('*')) return [join(root, source)]
    const folder = join(root, source.slice(0, source.indexOf('*')))
    return readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file))
  })
}

/** The options that the project is compiled with. */
export function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options
}

/**
 * Compiles modules without the packages and the declarations of the language that they use: parsing those takes longer
 * than all of ours. Names of our own are found; types that come from outside are unknown.
 */
export function ownProgram(modules: readonly string[]): ts.Program {
  const options = { ...compilerOptions(), noLib: true, types: [] }
  const host = ts.createCompilerHost(options)
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const path = join(dirname(from), text)
      const isOurs = text.startsWith('.') && existsSync(path)
      return { resolvedModule: isOurs ? { resolvedFileName: path, extension: ts.Extension.Ts } : undefined }
    })
  return ts.createProgram({ rootNames: [...modules], options, host })
}
