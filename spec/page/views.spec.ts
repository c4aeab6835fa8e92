import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { operations } from '../../lib/agent/operations/operations.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { open, startBrowser, violations } from './browse.ts'
import { servePage } from './serve-page.ts'

describe('the page', () => {
  let browser: Browser
  before(async () => void (browser = await startBrowser()))
  after(() => browser.close())

  it('opens under its policy, without an error', async (t) => {
    const log = await memoryLog()
    t.after(() => log.close())
    const served = await servePage(operations(log), temporaryDirectory(t))
    t.after(() => served.close())
    const { page, errors } = await open(t, browser, served.url)
    await page.locator('h1').waitFor()
    assert.deepEqual(await violations(page), [])
    assert.deepEqual(errors, [])
  })
})
