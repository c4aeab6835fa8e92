import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { LogView } from '../../../../bin/commands/ui/log-view.ts'
import { agent } from '../../../../lib/agent/define/agent.ts'
import { deferredOperations } from '../../../../lib/agent/operations/deferred.ts'
import type { Operations } from '../../../../lib/agent/operations/operations.ts'
import { codeOf } from '../../../../lib/agent/run/job-code.ts'
import { start } from '../../../../lib/agent/start.ts'
import { job } from '../../../../lib/job/job.ts'
import { openLog } from '../../../../lib/level/open-log.ts'
import { manual } from '../../../../lib/schedule/index.ts'
import { notes } from '../../../support/agent-harness.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const home = agent('home', [job('make', manual(), ({ publish, attempt }) => publish('made', `${attempt}`, 1))])

/** A log with one event, and a view of it. */
async function viewed(t: TestContext): Promise<{ directory: string; view: LogView; on: Operations }> {
  const directory = join(temporaryDirectory(t), 'log')
  await using log = await openLog(directory)
  await log.accept([{ type: 'made', identifier: 'before', data: 1 }])
  const view = new LogView(directory, (log) => codeOf(home, log), notes())
  t.after(() => view.close())
  return { directory, view, on: deferredOperations(() => view.answering()) }
}

async function identifiers(on: Operations): Promise<string[]> {
  const found: string[] = []
  for await (const { identifier } of on.events.list()) found.push(identifier)
  return found
}

describe('a view of a log', () => {
  it('reads the log while no agent runs, asks the agent while one does, and reads what it left', async (t) => {
    const { directory, view, on } = await viewed(t)
    assert.deepEqual(await identifiers(on), ['before'])
    assert.deepEqual(
      (await on.jobs.list()).map(({ name }) => name),
      ['make'],
    )
    assert.ok(view.resting)

    // The view is no obstacle.
    const log = await openLog(directory)
    const running = await start(home, { log, logger: false, serve: directory })
    assert.equal((await on.jobs.run('make')).run?.new, 1)
    assert.ok(!view.resting)
    await running.stop()
    await log.close()

    assert.deepEqual(await identifiers(on), ['before', '1'])
    assert.ok(view.resting)
    await assert.rejects(on.jobs.pause('make'), { code: 'TIDINGS_LOG_FAILED', message: /open for reading only/ })
  })

  it('shows what a command has changed meanwhile', async (t) => {
    const { directory, on } = await viewed(t)
    assert.deepEqual(await identifiers(on), ['before'])
    const log = await openLog(directory)
    await assert.rejects(identifiers(on), { code: 'TIDINGS_LOG_LOCKED' })
    await log.accept([{ type: 'made', identifier: 'by hand', data: 1 }])
    await log.close()
    assert.deepEqual(await identifiers(on), ['before', 'by hand'])
  })

  it('leaves nothing of its own behind', async (t) => {
    const { directory, view, on } = await viewed(t)
    const files = readdirSync(directory)
    const { TMPDIR } = process.env
    const views = temporaryDirectory(t)
    process.env.TMPDIR = views
    t.after(() => {
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
    })
    await Promise.all([identifiers(on), on.status(), identifiers(on)])
    assert.equal(readdirSync(views).length, 1)
    assert.deepEqual(readdirSync(directory), files)
    await view.close()
    assert.deepEqual(readdirSync(views), [])
  })

  it('of code that has never run is empty', async (t) => {
    const view = new LogView(join(temporaryDirectory(t), 'missing'), (log) => codeOf(home, log), notes())
    t.after(() => view.close())
    const on = deferredOperations(() => view.answering())
    assert.deepEqual(await identifiers(on), [])
    assert.deepEqual(
      (await on.jobs.list()).map(({ name }) => name),
      ['make'],
    )
  })
})
