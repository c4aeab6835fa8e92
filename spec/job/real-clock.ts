import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, job, memoryLog, start } from '../../lib/index.ts'
import { every } from '../../lib/schedule/index.ts'
import { notes } from '../support/agent-harness.ts'
import { compiledProgram } from '../support/compiled-program.ts'
import { until } from '../support/until.ts'
import { ledgerOf, wrongSlots } from './slot-ledger.ts'

const PERIOD = 100
const schedule = every(`${PERIOD}ms`)

interface Line {
  readonly words: string
  readonly fields: Record<string, unknown>
}

/** A fixed sequence of numbers from 0 to below 1 that look random. */
function* chances(): Generator<number, never> {
  for (let seed = 1; ; seed = (seed * 48_271) % 2_147_483_647) yield seed / 2_147_483_647
}

/** Blocks the event loop for `ms` milliseconds. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** The start and the slot of each run of a job of 30 ms every 100 ms, while the event loop is blocked at times. */
async function blocked(ms: number) {
  const log = await memoryLog()
  const logger = notes()
  const runs: { readonly slot: number; readonly began: number }[] = []
  const run = async ({ slot }: { readonly slot: Date }): Promise<void> => {
    runs.push({ slot: slot.getTime(), began: Date.now() })
    await sleep(30)
  }
  const running = await start(agent('blocked', [job('tick', schedule, run)]), { log, logger })
  const anchor = (await log.store('tidings/jobs').get<{ anchor: number }>('tick'))?.value.anchor ?? Number.NaN
  const chance = chances()
  for (const end = Date.now() + ms; Date.now() < end; ) {
    await sleep(300 + 700 * chance.next().value)
    block(200)
  }
  // The last runs follow no blocked time.
  const last = runs.length
  await until(() => runs.length >= last + 5)
  await running.stop()
  await log.close()
  return { runs, anchor, ledger: ledgerOf(logger.lines) }
}

/** Runs the program, stops it for a while after some slots, continues it, and reads its output. */
async function stopped(missed: string, ms: number) {
  const args = [await compiledProgram(join(import.meta.dirname, 'programs/ticking.ts')), missed]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: Line[] = []
  const printed = createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line))
  const ran = (): number => lines.filter(({ words }) => words === 'running job').length
  const runsMore = async (count: number): Promise<void> => {
    for (const enough = ran() + count; ran() < enough; ) await once(printed, 'line')
  }
  await runsMore(5)
  child.kill('SIGSTOP')
  const before = ran()
  await sleep(ms)
  child.kill('SIGCONT')
  await runsMore(5)
  child.kill('SIGTERM')
  await once(child, 'close')
  const anchor = lines.find(({ words }) => words === 'first seen')?.fields.anchor as number
  return { ledger: ledgerOf(lines), anchor, before }
}

/** Tests on the real clock, for so many ms: real time is the subject here, so these runs really sleep. */
export function realClockSuite(blockedFor: number, stoppedFor: number, policies: readonly string[]): void {
  describe('a job on a real clock', { concurrency: false }, () => {
    it(`every 100 ms, blocked at times for ${blockedFor} ms, keeps its rate without bursts`, async () => {
      const { runs, anchor, ledger } = await blocked(blockedFor)
      const last = runs.at(-1)?.slot ?? Number.NaN
      assert.deepEqual(wrongSlots(ledger, schedule, new Date(anchor), new Date(last)), [])
      // n slots take n periods. The best of the last three counts: one may have had to wait.
      const slots = (last - anchor) / PERIOD
      assert.equal(slots, Math.round(slots))
      const off = runs.slice(-3).map(({ slot, began }) => Math.abs(began - slot))
      assert.ok(Math.min(...off) < PERIOD, `off by ${off.join(', ')} ms`)
      assert.ok(runs.every(({ slot, began }) => began >= slot))
      assert.ok(runs.length > 2 && ledger.passed.length > 0, `${runs.length} runs`)
      const gaps = runs.slice(1).map(({ began }, i) => began - (runs[i]?.began ?? 0))
      // A run takes 30 ms, and none begins before the last one has ended. Timers round down.
      assert.ok(Math.min(...gaps) >= 28, `${Math.min(...gaps)} ms between two runs`)
    })

    for (const missed of policies) {
      it(`of a process that was stopped for ${stoppedFor} ms misses slots like one that did not run (${missed})`, async () => {
        const { ledger, anchor, before } = await stopped(missed, stoppedFor)
        const last = Math.max(...ledger.ran)
        assert.deepEqual(wrongSlots(ledger, schedule, new Date(anchor), new Date(last)), [])
        const passed = ledger.passed.reduce((sum, [from, to]) => sum + (to - from) / PERIOD + 1, 0)
        const fewest = Math.floor(stoppedFor / PERIOD) - 2
        if (missed === 'all') assert.ok(ledger.ran.length - before >= fewest, `${ledger.ran.length - before} ran`)
        else assert.ok(passed >= fewest, `${passed} passed`)
      })
    }
  })
}
