import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { tidings } from '../../../../bin/cli/commands.ts'
import { answer } from '../../../../bin/cli/main.ts'
import { AgentPage } from '../../../../bin/commands/shared/agent-page.ts'
import { operations } from '../../../../lib/agent/peers/operations-on.ts'
import { memoryLog } from '../../../../lib/level/open-log.ts'
import { visit } from '../../../agent/page/visit.ts'
import { notes } from '../../../support/agent-harness.ts'
import { captured } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

describe('the options of a page', () => {
  const cases: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [['run', 'x.ts', '--ui', '--once'], /--ui needs an agent that keeps running: leave out --once and --dry/],
    [['run', 'x.ts', '--ui', '0', '--dry'], /--ui needs an agent that keeps running/],
    [['run', 'x.ts', '--ui-read-only'], /--ui-read-only needs --ui, which serves the page/],
    [['run', 'x.ts', '--metrics-open'], /--metrics-open needs --ui/],
    [['run', 'x.ts', '--ui', '0', '--ui', '0'], /--ui was given twice/],
    [['ui', '--port', '70000'], /--port takes a port from 0 to 65535, got 70000/],
  ]
  for (const [args, words] of cases) {
    it(`refuse ${args.join(' ')}`, async () => {
      const { code, stderr } = await captured(() => answer(['tidings'], tidings, args))
      assert.equal(code, 2, stderr)
      assert.match(stderr, words)
    })
  }
})

describe('the page of an agent', () => {
  function pageOf(t: TestContext, directory?: string): { page: AgentPage; logger: ReturnType<typeof notes> } {
    const logger = notes()
    const page = new AgentPage({ agent: { name: 'home' }, directory, logger, scrub: (text) => text, flags: {} })
    t.after(() => page.close())
    return { page, logger }
  }

  it('is opened at most once, and logged', async (t) => {
    const { page, logger } = pageOf(t)
    const [first, second] = await Promise.all([page.open('0'), page.open()])
    assert.equal(first, second)
    assert.deepEqual(logger.said('page opened'), [{ address: first }])
  })

  it('waits for the agent', async (t) => {
    const directory = temporaryDirectory(t)
    const { page } = pageOf(t, directory)
    const { host, searchParams } = new URL(await page.open('0'))
    const asked = visit(host, '/api/events/last', { authorization: `Bearer ${searchParams.get('token')}` })
    await using log = await memoryLog()
    page.serve(operations(log))
    assert.equal((await asked).text, '0')
    assert.ok(existsSync(`${directory}/ui-token`))
  })

  it('may be opened after a port was refused, and closed without', async (t) => {
    const { page } = pageOf(t)
    await assert.rejects(page.open('65536'), { name: 'UsageError', message: /--ui takes a port from 0 to 65535/ })
    assert.match(await page.open('any'), /^http:/)
    await pageOf(t).page.close()
  })
})
