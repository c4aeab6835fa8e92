import assert from 'node:assert/strict'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { emptyProject, root, run, userProject } from './user-project.ts'

/** The compilers, each under its own name: the package of the sixth has another one. */
const compilers: Readonly<Record<string, readonly [installed: string, program: string]>> = {
  '5.4': ['ts54@npm:typescript@~5.4.5', 'ts54/bin/tsc'],
  '5.9': ['ts59@npm:typescript@~5.9.2', 'ts59/bin/tsc'],
  '6': ['ts6@npm:@typescript/typescript6@6.0.2', 'ts6/bin/tsc6'],
  '7': ['ts7@npm:typescript@7.0.2', 'ts7/bin/tsc'],
}

describe("in a user's empty project,", () => {
  it('the laws compile with every compiler, as strictly as it can', async (t) => {
    const directory = userProject(t, 'node:test')
    copyFileSync(join(root, 'spec/types/laws.ts'), join(directory, 'laws.ts'))
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }
    const compilerOptions = { ...strict, module: 'nodenext', target: 'es2022', noEmit: true, types: ['node'] }
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['laws.ts'] }))
    await emptyProject(directory, '@types/node@20', ...Object.values(compilers).map(([installed]) => installed))
    for (const [version, [, program]] of Object.entries(compilers)) {
      const { code, output } = await run(directory, process.execPath, join('node_modules', program))
      assert.equal(code, 0, `TypeScript ${version}: ${output}`)
    }
  })
})
