import { fileURLToPath } from 'node:url'
import { compiledProgram } from '../support/compiled-program.ts'

/** The compiled form of a program that suites kill: takes its `import.meta.resolve(…)`. */
export function compiled(): (url: string) => Promise<string> {
  return (url) => compiledProgram(fileURLToPath(url))
}
