import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { openLog } from '../../../lib/index.ts'
import { allOf } from '../../support/agent-harness.ts'
import { compiledProgram } from '../../support/compiled-program.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { github, post } from '../hook-service.ts'

/** Sends webhooks to a child until it is killed; returns the numbers of those that were answered 200. */
async function sendUntilKilled(directory: string, first: number, most: number): Promise<number[]> {
  const args = [await compiledProgram(join(import.meta.dirname, 'programs/hooked.ts')), directory]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
  const answered: number[] = []
  let next = first
  const sender = async (): Promise<void> => {
    for (;;) {
      const n = next++
      const reply = await post(url, github({ n }, `d${n}`)).catch(() => undefined)
      if (reply === undefined) return
      assert.equal(reply.status, 200)
      answered.push(n)
      // Others are between receipt and answer now.
      if (answered.length === most) child.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: 8 }, sender))
  const [, signal] = (await ended) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL', 'the child ended by itself')
  return answered
}

describe('a hook whose process is killed at work', () => {
  it('has stored every webhook that was answered 200, and once each', { timeout: 120_000 }, async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const answered = new Set<number>()
    for (const most of [1, 40, 150]) {
      // What was sent without an answer is sent again, as a sender would.
      for (const n of await sendUntilKilled(directory, answered.size, most)) answered.add(n)
      const log = await openLog(directory)
      const identifiers = (await allOf(log))
        .filter(({ type }) => type === 'hook.received')
        .map(({ identifier }) => identifier)
      await log.close()
      assert.equal(new Set(identifiers).size, identifiers.length)
      for (const n of answered) assert.ok(identifiers.includes(`d${n}`), `d${n} was answered 200, and is lost`)
    }
  })
})
