import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isAgent, lint } from '../../lib/cli.ts'
import { importCompiled } from '../support/compiled-program.ts'
import { folder, recipeNames, recipesPage, shown } from './page.ts'

/** The most lines of a recipe. */
const MOST = 40

describe('each recipe', () => {
  for (const name of recipeNames()) {
    it(`${name} is a short agent in which tidings lint finds nothing`, async () => {
      const file = join(folder, `${name}.ts`)
      const { default: made } = (await importCompiled(file)) as { readonly default: unknown }
      assert.ok(isAgent(made))
      assert.equal(made.name, name)
      assert.deepEqual(lint({ agent: made, now: Date.now() }), [])
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n').length
      assert.ok(lines <= MOST, `${lines} lines`)
    })
  }

  it('runs in a spec', () => {
    const specs = readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.spec.ts'))
      .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
      .join()
    assert.deepEqual(
      recipeNames().filter((name) => !specs.includes(`docs/recipes/${name}.ts'`)),
      [],
    )
  })
})

describe('docs/recipes/README.md', () => {
  it('shows every recipe', () => assert.deepEqual(shown.toSorted(), recipeNames().toSorted()))

  it('is as the recipes say: npm run docs:recipes makes it', () => {
    assert.equal(readFileSync(join(folder, 'README.md'), 'utf8'), recipesPage())
  })
})
