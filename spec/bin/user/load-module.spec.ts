import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { loadFresh, loadModule } from '../../../bin/user/load-module.ts'
import { root } from '../../e2e/program.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

type Files = Readonly<Record<string, string>>

function folderWith(t: TestContext, files: Files): string {
  const folder = temporaryDirectory(t)
  write(folder, files)
  return folder
}

function write(folder: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

/** Loads afresh: the exports, or the failure, and the files that were reached, from the folder on. */
async function load(folder: string, file: string) {
  const files = new Set<string>()
  const path = join(folder, file)
  const outcome = await loadFresh(path, (each) => files.add(each.slice(folder.length + 1))).catch(
    (error: Error) => error,
  )
  return { outcome, files: [...files].sort() }
}

const word = (value: string): string => `export const word = '${value}'\n`

/** Modules that import each other in every way; the last one has the word. */
const kinds: Readonly<
  Record<
    string,
    { readonly file: string; readonly files: Files; readonly leaf: string; readonly text?: (value: string) => string }
  >
> = {
  TypeScript: {
    file: 'a.ts',
    files: {
      'a.ts': "export { word } from './parts/b'",
      'parts/b.ts': "import { word } from '../c.mts'\nexport { word }",
    },
    leaf: 'c.mts',
  },
  'ES modules of .mjs': {
    file: 'a.mjs',
    files: { 'a.mjs': "export { word } from './b.mjs'", 'b.mjs': "export * from './c.mjs'" },
    leaf: 'c.mjs',
  },
  'ES modules by package.json, with an await at the top': {
    file: 'src/a.js',
    files: {
      'package.json': '{ "type": "module" }',
      'src/a.js': "export const { word } = await import('./b.js')",
      'src/b.js': "export { word } from './c.js'",
    },
    leaf: 'src/c.js',
  },
  CommonJS: {
    file: 'a.cjs',
    files: { 'a.cjs': "exports.word = require('./b').word", 'b.js': "module.exports = require('./c.cjs')" },
    leaf: 'c.cjs',
    text: (value) => `exports.word = '${value}'`,
  },
  'TypeScript that imports CommonJS': {
    file: 'a.ts',
    files: {
      'a.ts': "import b from './b.cjs'\nexport const { word } = b",
      'b.cjs': "module.exports = require('./c.cjs')",
    },
    leaf: 'c.cjs',
    text: (value) => `exports.word = '${value}'`,
  },
  'TypeScript that imports JSON': {
    file: 'a.ts',
    files: { 'a.ts': "import data from './data.json' with { type: 'json' }\nexport const { word } = data" },
    leaf: 'data.json',
    text: (value) => JSON.stringify({ word: value }),
  },
  'paths of a tsconfig.json': {
    file: 'src/a.ts',
    files: {
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@parts/*": ["./src/parts/*"] } } }',
      'src/a.ts': "export { word } from '@parts/b'",
    },
    leaf: 'src/parts/b.ts',
  },
}

describe('a module that is loaded afresh', () => {
  for (const [kind, { file, files, leaf, text = word }] of Object.entries(kinds)) {
    it(`has what changed in what it imports: ${kind}`, async (t) => {
      const folder = folderWith(t, { ...files, [leaf]: text('old') })
      const all = Object.keys({ ...files, [leaf]: '' }).filter((name) => name !== 'package.json')
      const before = await load(folder, file)
      write(folder, { [leaf]: text('new') })
      const after = await load(folder, file)
      const wordOf = (outcome: unknown): unknown => (outcome as { readonly word?: unknown }).word
      assert.deepEqual([wordOf(before.outcome), wordOf(after.outcome)], ['old', 'new'])
      for (const { files: reached } of [before, after]) assert.deepEqual(reached, all.sort())
      // What is missing or wrong is among the files that were reached: a change of it may help.
      rmSync(join(folder, leaf))
      const missing = await load(folder, file)
      assert(missing.outcome instanceof Error && missing.files.includes(leaf), `${missing.files} for ${leaf}`)
      write(folder, { [leaf]: ')(' })
      const wrong = await load(folder, file)
      assert(wrong.outcome instanceof Error && wrong.files.includes(leaf), `${wrong.files} for ${leaf}`)
      write(folder, { [leaf]: text('right') })
      assert.equal(wordOf((await load(folder, file)).outcome), 'right')
    })
  }

  it('shares packages with other loads, and no module of its own: an older one imports late what it would have', async (t) => {
    const files = {
      'node_modules/kept/package.json':
        '{ "name": "kept", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
      'node_modules/kept/index.js': 'export const it = {}',
      'a.ts':
        "import { it } from 'kept'\nimport { Subject } from 'rxjs'\nimport { agent } from 'tidings'\nexport { it, Subject, agent }\nexport const own = {}\nexport const late = () => import('./late')",
      'late.ts': "import { own } from './a'\nexport { own }",
    }
    const folder = folderWith(t, files)
    symlinkSync(root, join(folder, 'node_modules/tidings'))
    type Loaded = Record<'it' | 'Subject' | 'agent' | 'own', object> & { late(): Promise<{ own: object }> }
    const [one, two] = [await load(folder, 'a.ts'), await load(folder, 'a.ts')].map(
      ({ outcome }) => outcome as unknown as Loaded,
    )
    assert(one !== undefined && two !== undefined)
    assert.deepEqual([one.it === two.it, one.Subject === two.Subject, one.agent === two.agent], [true, true, true])
    assert.notEqual(one.own, two.own)
    assert.equal((await one.late()).own, one.own)
    assert.equal((await two.late()).own, two.own)
  })

  it('is loaded once where that is asked for, with what two modules have in common', async (t) => {
    const folder = folderWith(t, {
      'a.ts': "export { it } from './c'",
      'b.ts': "export { it } from './c'",
      'c.ts': 'export const it = {}',
    })
    const [one, again, other] = [
      await loadModule(join(folder, 'a.ts')),
      await loadModule(join(folder, 'a.ts')),
      await loadModule(join(folder, 'b.ts')),
    ]
    assert.equal(one, again)
    assert.equal(one.it, other.it)
  })

  it('is found again under another ending', async (t) => {
    const folder = folderWith(t, { 'a.ts': "export { word } from './b'", 'b.js': word('js') })
    renameSync(join(folder, 'b.js'), join(folder, 'c.js'))
    assert((await load(folder, 'a.ts')).files.includes('b.ts'))
  })
})
