import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Compiled } from './compile.ts'

const root = join(import.meta.dirname, '../..')

/** Folders of specs that are small: to start a process for each of them takes most of their time. */
const SMALL = /^spec.(agent|bin|core|dispatch|filter|house|job|level.\w+|listener|log)[\\/]/

/** Among those: specs that work hard, that are compiled as they run, and that read what the whole process has. */
const ALONE = /^spec.(agent.(run|simulate)|core.brand|job.run-job)\b/

/** The most specs in a process. One that hangs fails them all. */
const MOST = 10

/** Counts the tests that are made while a spec is imported: a spec without one fails. */
const COUNTER = `import { createHook } from 'node:async_hooks'
let tests = 0
const hook = createHook({ init: (_, type) => void (tests += Number(type === 'Test')) }).enable()
globalThis.imported = (spec) => {
  if (tests === 0) throw new Error('no test in ' + spec)
  tests = 0
}
globalThis.importedAll = () => hook.disable()
`

/** The paths to run, so that small specs share processes; each of the others has its own. */
export function shareProcesses(sources: readonly string[], { folder, of }: Compiled): readonly string[] {
  const isSmall = (source: string): boolean => {
    const path = relative(root, source)
    return SMALL.test(path) && !ALONE.test(path)
  }
  const small = sources.filter(isSmall)
  const groups = Array.from({ length: Math.ceil(small.length / MOST) }, (_, i) => small.slice(i * MOST, (i + 1) * MOST))
  mkdirSync(join(folder, 'shared'))
  writeFileSync(join(folder, 'shared/counter.js'), COUNTER)
  const entries = groups.map((group, i) => {
    const [only] = group
    if (group.length === 1 && only !== undefined) return of(only)
    const lines = group.flatMap((source) => [
      `import ${JSON.stringify(pathToFileURL(of(source)).href)}`,
      `import 'data:text/javascript,imported(${JSON.stringify(relative(root, source))})'`,
    ])
    // Named so that the check for what tests leave behind knows it.
    const path = join(folder, `shared/${i}.spec.js`)
    writeFileSync(path, ["import './counter.js'", ...lines, 'importedAll()\n'].join('\n'))
    return path
  })
  return [...sources.filter((source) => !isSmall(source)).map(of), ...entries]
}
