import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { emptyProject, findings, run, userProject } from './user-project.ts'

const JEST = 'jest@30'

describe("in a user's empty project, by jest,", () => {
  it('the laws pass for good parts, and fail for broken ones with counterexamples', async (t) => {
    const directory = userProject(t, '@jest/globals')
    await emptyProject(directory, JEST)
    // Modules as they are; a law may take longer than five seconds on a busy machine.
    writeFileSync(`${directory}/jest.config.json`, JSON.stringify({ transform: {}, testTimeout: 60_000 }))
    const jest = (file: string) =>
      run(directory, process.execPath, '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', file)
    const good = await jest('good.test.mjs')
    assert.equal(good.code, 0, good.output)
    assert.match(good.output, /Tests: +21 passed, 21 total/)
    const broken = await jest('broken.test.mjs')
    assert.equal(broken.code, 1, broken.output)
    assert.match(broken.output, /Tests: +7 failed, 7 total/)
    for (const finding of Object.values(findings)) assert.match(broken.output, finding)
  })
})
