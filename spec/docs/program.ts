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
  made ??= ts.createProgram({ rootNames, options: compilerOptions() })
  return made
}
