import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { agent, type Draft, job, listener, manual, on, openLog, start } from '../../lib/index.ts'
import { command } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const page = (prefix: string): Draft[] =>
  Array.from({ length: 30 }, (_, i) => ({ type: 'made', identifier: `${prefix}${i}`, data: null }))

/** A log whose job `poll` holds 30 drafts; the agent runs on it, or has run. */
async function flooded(t: TestContext, runs: boolean) {
  const directory = join(temporaryDirectory(t), 'log')
  const log = await openLog(directory, { warn: () => undefined })
  let prefix = 'a'
  const heard: string[] = []
  const parts = [
    job('poll', manual(), () => page(prefix)),
    listener('hear', on('made'), ({ identifier }) => void heard.push(identifier)),
  ]
  const begin = () => start(agent('home', parts), { log, logger: false, serve: directory })
  let running = await begin()
  await running.trigger('poll')
  prefix = 'b'
  await running.trigger('poll')
  await running.drained()
  let last = log
  const end = async (): Promise<void> => {
    await running.stop()
    await last.close()
  }
  if (!runs) await end()
  /** Waits until the listener has heard everything, in a new life if the agent rested. */
  const hears = async (): Promise<string[]> => {
    if (!runs) {
      last = await openLog(directory, { warn: () => undefined })
      running = await start(agent('home', parts), { log: last, logger: false, serve: directory })
    }
    await running.drained()
    return heard.slice(30)
  }
  t.after(end)
  return { hears, ask: (...args: string[]) => command(...args, '--db', directory) }
}

for (const runs of [true, false]) {
  describe(`held drafts, on a log ${runs ? 'with a running agent' : 'that rests'}`, { timeout: 60_000 }, () => {
    it('are shown by status, jobs ls and jobs history', async (t) => {
      const { ask } = await flooded(t, runs)
      const status = await ask('status')
      assert.equal(status.code, runs ? 0 : 1)
      assert.match(status.stdout, /^job\tpoll\t.*\t30 held$/m)
      assert.match(status.stderr, /job "poll" holds 30 drafts since .*tidings jobs release poll/)
      assert.match((await ask('jobs', 'ls')).stdout, /^poll\t.*\t30 held$/m)
      assert.match((await ask('jobs', 'history', 'poll')).stdout, /\tdone\t.*\t30 held$/m)
      const [job] = JSON.parse((await ask('status', '--json')).stdout).jobs as { held?: number }[]
      assert.equal(job?.held, 30)
      assert.equal((JSON.parse((await ask('jobs', 'ls', '--json')).stdout) as { held?: number }).held, 30)
    })

    it('reach the listeners after jobs release, in order', async (t) => {
      const { ask, hears } = await flooded(t, runs)
      assert.deepEqual(await ask('jobs', 'release', 'poll'), {
        code: 0,
        stdout: 'job "poll" tells 30 drafts\n',
        stderr: '',
      })
      assert.equal((await ask('jobs', 'release', 'poll')).stdout, 'job "poll" holds no drafts\n')
      assert.deepEqual(
        await hears(),
        page('b').map(({ identifier }) => identifier),
      )
    })

    it('are recorded untold by jobs discard, which asks or takes --yes', async (t) => {
      const { ask, hears } = await flooded(t, runs)
      const asked = await ask('jobs', 'discard', 'poll')
      assert.equal(asked.code, 2)
      assert.match(asked.stderr, /no listener would ever hear the 30 held drafts of job "poll": add --yes/)
      const answer = await ask('jobs', 'discard', 'poll', '--yes', '--json')
      assert.deepEqual(JSON.parse(answer.stdout), { name: 'poll', new: 30, changed: 0, duplicate: 0 })
      assert.equal((await ask('jobs', 'discard', 'poll')).stdout, 'job "poll" holds no drafts\n')
      assert.match((await ask('events', 'count', '--type', 'made')).stdout, /\b60\b/)
      assert.deepEqual(await hears(), [])
    })

    it('of an unknown job are a usage error that names the known ones', async (t) => {
      const { ask } = await flooded(t, runs)
      for (const act of ['release', 'discard']) {
        const said = await ask('jobs', act, 'pol', '--yes')
        assert.equal(said.code, 2)
        assert.match(said.stderr, /no job "pol"; did you mean "poll"/)
      }
    })
  })
}
