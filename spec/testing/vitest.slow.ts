import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { emptyProject, findings, run, userProject } from './user-project.ts'

/** The newest that runs on Node 20. */
const VITEST = 'vitest@4.0.15'

describe("in a user's empty project, by vitest,", () => {
  it('the laws pass for good parts, and fail for broken ones with counterexamples', async (t) => {
    const directory = userProject(t, 'vitest')
    await emptyProject(directory, VITEST)
    const good = await run(directory, 'npx', 'vitest', 'run', '--testTimeout=60000', 'good.test.mjs')
    assert.equal(good.code, 0, good.output)
    assert.match(good.output, /Tests +21 passed/)
    const broken = await run(directory, 'npx', 'vitest', 'run', '--testTimeout=60000', 'broken.test.mjs')
    assert.equal(broken.code, 1, broken.output)
    assert.match(broken.output, /Tests +7 failed/)
    for (const finding of Object.values(findings)) assert.match(broken.output, finding)
  })
})
