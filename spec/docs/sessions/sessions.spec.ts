import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { lasting, pagesWithSessions, prepare, run, stepsOf } from './session.ts'

describe('the sessions in the docs', () => {
  for (const page of pagesWithSessions()) {
    it(`docs/${page.name} shows what its commands print (if not: npm run docs:sessions)`, { timeout: 120_000 }, (t) => {
      const folder = temporaryDirectory(t)
      prepare(folder)
      for (const { command, output } of stepsOf(page)) {
        const printed = run(command, folder)
        assert.equal(lasting(printed), lasting(output), `$ ${command}`)
        const long = printed.split('\n').find((line) => line.length > 80)
        assert.equal(long, undefined, `$ ${command} prints a line of more than 80 characters`)
      }
    })
  }
})
