import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { exportedModules, root } from '../support/exported-modules.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { unnamedTypes } from './exported-types.ts'

/** The types of `index.ts` that its users can't name. */
function unnamedIn(t: TestContext, files: Readonly<Record<string, string>>): string[] {
  const directory = temporaryDirectory(t)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  return unnamedTypes(directory, [join(directory, 'index.ts')])
}

describe('the types of public signatures', () => {
  it('are exported, so that users can name them', () => {
    assert.deepEqual(unnamedTypes(root, exportedModules()), [])
  })
})

describe('a type that is not exported', () => {
  const parts = `
    export interface Deep { x: number }
    export interface Options { deep?: Deep }
    interface Detail { y: number }
    export type Result = Detail`

  it('is found in a parameter, in a result, and behind another type', (t) => {
    const index = `
      import type { Options, Result } from './parts.ts'
      export type { Result }
      export function run(options: Options): Result { return options as never }`
    assert.deepEqual(unnamedIn(t, { 'index.ts': index, 'parts.ts': parts }), [
      'parts.ts: Deep, by Options',
      'parts.ts: Options, by run',
    ])
  })

  it('is a detail where no public signature names it: in bodies, initial values and private members', (t) => {
    const index = `
      import type { Options } from './parts.ts'
      export const size: number = ({} as Options) === undefined ? 1 : 2
      export class Box {
        #options: Options = {}
        private others: Options = {}
        size(): number { const { deep }: Options = this.#options ?? this.others; return deep?.x ?? 0 }
      }`
    assert.deepEqual(unnamedIn(t, { 'index.ts': index, 'parts.ts': parts }), [])
  })
})
