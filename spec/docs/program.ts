import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { compilerOptions, root } from '../support/exported-modules.ts'

/** The names of the streams: their public files, in alphabetical order. */
export const streamNames: readonly string[] = readdirSync(join(root, 'streams'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .toSorted()

/** The modules of the package that define options, by the names that users import. */
export const modules: Readonly<Record<string, string>> = {
  tidings: join(root, 'lib/index.ts'),
  'tidings/filters': join(root, 'lib/filters.ts'),
  'tidings/testing': join(root, 'lib/testing/index.ts'),
}

let made: ts.Program | undefined

/** The public modules and the streams, compiled once for all generated pages. */
export function sources(): ts.Program {
  const rootNames = [...Object.values(modules), ...streamNames.map((name) => join(root, `streams/${name}.ts`))]
  made ??= compiled(rootNames)
  return made
}

/** Only the comments of our own files are on the pages. */
function compiled(rootNames: readonly string[]): ts.Program {
  const options = compilerOptions()
  const host = ts.createCompilerHost(options, true)
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (path, version, ...rest) => {
    const settings = typeof version === 'object' ? version : { languageVersion: version }
    const isOurs = !path.includes('/node_modules/')
    const jsDocParsingMode = ts.JSDocParsingMode[isOurs ? 'ParseAll' : 'ParseNone']
    return getSourceFile(path, { ...settings, jsDocParsingMode }, ...rest)
  }
  return ts.createProgram({ rootNames, options, host })
}
