import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lastValueFrom, toArray } from 'rxjs'
import { agent } from '../../lib/agent/define/agent.ts'
import { start } from '../../lib/agent/start.ts'
import { tryOut } from '../../lib/agent/try/try-out.ts'
import { eventType } from '../../lib/core/event-type.ts'
import type { World } from '../../lib/core/world.ts'
import { job, type Run } from '../../lib/job/job.ts'
import { runOnce } from '../../lib/job/run-once.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import { type Handler, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { manual } from '../../lib/schedule/index.ts'
import { notes } from '../support/agent-harness.ts'

const seen = eventType('seen').of<{ by: string; text: string }>()

/** A world in which nothing is real. `begun`: the fetches and programs that it was asked for. */
function madeUp(): { readonly world: World; readonly begun: string[] } {
  const begun: string[] = []
  const world: World = {
    fetch: async (input) => {
      begun.push(`fetch ${input instanceof Request ? input.url : input}`)
      return new Response('made up')
    },
    exec: async (file) => {
      begun.push(`exec ${file}`)
      return { stdout: 'made up', stderr: '' }
    },
    now: () => 7,
    secret: (name) => `the secret ${name}`,
  }
  return { world, begun }
}

const ask = async ({ fetch, exec, now, secret }: World): Promise<string> => {
  const text = await (await fetch('https://nowhere.example')).text()
  const { stdout } = await exec('no-such-program', [])
  return [text, stdout, now(), secret('TOKEN')].join(', ')
}
const run: Run = async (context) => seen('job', { by: 'job', text: await ask(context) })
const answer = 'made up, made up, 7, the secret TOKEN'
const asked = ['fetch https://nowhere.example', 'exec no-such-program']

function parts(heard: string[]) {
  const handle: Handler = async (_, delivery) => void heard.push(await ask(delivery))
  return [job('ask', manual(), run), listener('hear', on(seen), handle)] as const
}

describe('a given world', () => {
  it('is used by the jobs and listeners of an agent; its secrets stay out of log lines and run records', async () => {
    const { world, begun } = madeUp()
    const heard: string[] = []
    const log = await memoryLog()
    const said = notes()
    const [asks, hears] = parts(heard)
    const fails = job('fails', manual(), ({ secret }) => {
      throw new Error(`refused: ${secret('TOKEN')}`)
    })
    const running = await start(agent('made_up', [asks, hears, fails]), { log, world, logger: said })
    await running.trigger('ask')
    await running.drained()
    assert.equal((await running.trigger('fails'))?.status, 'failed')
    const { runs } = { runs: [] as unknown[] }
    for await (const each of log.runs('fails')) runs.push(each)
    await running.stop()
    assert.deepEqual(heard, [answer])
    assert.deepEqual((await log.get('seen', 'job'))?.data, { by: 'job', text: answer })
    assert.deepEqual(begun, [...asked, ...asked])
    assert.match(JSON.stringify(runs), /refused: \[secret\]/)
    assert.doesNotMatch(JSON.stringify(runs), /the secret TOKEN/)
    await log.close()
  })

  it('is used in a trial', async () => {
    const { world, begun } = madeUp()
    const heard: string[] = []
    const log = await memoryLog()
    const [asks, hears] = parts(heard)
    const report = await tryOut({ log, job: asks, listener: hears, world })
    assert.deepEqual([report.heard[0]?.error, heard], [undefined, [answer]])
    assert.deepEqual(begun, [...asked, ...asked])
    await log.close()
  })

  it('is used in a single run', async () => {
    const { world, begun } = madeUp()
    const [asks] = parts([])
    const [draft] = await lastValueFrom(runOnce(asks, world).pipe(toArray()))
    assert.deepEqual([draft?.data, begun], [{ by: 'job', text: answer }, asked])
  })

  it('may be partial, or an object with methods', async () => {
    class Service {
      readonly #text = 'of a class'
      async fetch(): Promise<Response> {
        return new Response(this.#text)
      }
    }
    const log = await memoryLog()
    let text = ''
    const asks = job('ask', manual(), async ({ fetch, now, exec }) => {
      const { stdout } = await exec(process.execPath, ['-p', '1'])
      text = `${await (await fetch('x')).text()} ${stdout.trim()} ${now() > 1e12}`
    })
    const { run: report } = await tryOut({ log, job: asks, world: new Service() })
    assert.deepEqual([report?.error, text], [undefined, 'of a class 1 true'])
    await log.close()
  })

  it('is rejected when a part is misspelt or not a function', async () => {
    const log = await memoryLog()
    const wrong: readonly [object, RegExp][] = [
      [{ fetsh: fetch }, /world of start\(\) have no "fetsh".*fetch/],
      [{ now: 7 }, /"now" of the world of start\(\) must be a function, got 7/],
    ]
    for (const [world, message] of wrong) {
      const started = start(agent('a', []), { log, world, logger: false })
      await assert.rejects(started, { code: 'TIDINGS_AGENT_INVALID', message })
      await assert.rejects(tryOut({ log, world }), { code: 'TIDINGS_AGENT_INVALID' })
    }
    await log.close()
  })
})
