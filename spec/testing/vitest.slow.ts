import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { findings, root, run, userProject } from './user-project.ts'

/** The newest that runs on Node 20. */
const VITEST = 'vitest@4.0.15'

describe("in a user's empty project, by vitest,", () => {
  it('the laws pass for a good stream, and fail for broken ones with counterexamples', async (t) => {
    const directory = userProject(t, 'vitest')
    const npm = async (...args: string[]): Promise<void> => {
      const { code, output } = await run(directory, 'npm', ...args)
      assert.equal(code, 0, output)
    }
    writeFileSync(`${directory}/package.json`, '{ "name": "mine", "private": true, "type": "module" }')
    await npm('pack', root, '--ignore-scripts')
    const packed = readdirSync(directory)
      .filter((file) => file.endsWith('.tgz'))
      .map((file) => `./${file}`)
    await npm('install', ...packed, 'rxjs@7', 'fast-check@4', VITEST)

    const good = await run(directory, 'npx', 'vitest', 'run', 'good.test.mjs')
    assert.equal(good.code, 0, good.output)
    assert.match(good.output, /Tests +6 passed/)
    const broken = await run(directory, 'npx', 'vitest', 'run', 'broken.test.mjs')
    assert.equal(broken.code, 1, broken.output)
    assert.match(broken.output, /Tests +4 failed/)
    for (const finding of Object.values(findings)) assert.match(broken.output, finding)
  })
})
