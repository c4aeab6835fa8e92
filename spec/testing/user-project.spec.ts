import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { copy, findings, link, run, userProject } from './user-project.ts'

describe("in a user's project, by node:test,", () => {
  it('the laws pass for a good stream', async (t) => {
    const directory = userProject(t, 'node:test')
    link(directory)
    copy(directory, 'fast-check', 'pure-rand')
    const { code, output } = await run(directory, process.execPath, '--test', '--test-reporter=spec', 'good.test.mjs')
    assert.equal(code, 0, output)
    assert.match(output, /^ℹ pass 21$/m)
  })

  it('they fail for broken ones, each with a readable counterexample', async (t) => {
    const directory = userProject(t, 'node:test')
    link(directory)
    copy(directory, 'fast-check', 'pure-rand')
    const { code, output } = await run(directory, process.execPath, '--test', '--test-reporter=spec', 'broken.test.mjs')
    assert.equal(code, 1, output)
    assert.match(output, /^ℹ fail 7$/m)
    for (const finding of Object.values(findings)) assert.match(output, finding)
  })
})
