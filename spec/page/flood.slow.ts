import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, CDPSession } from 'playwright-core'
import { every, job, listener, on } from '../../lib/index.ts'
import { until } from '../support/until.ts'
import { open, startBrowser } from './browse.ts'
import { type Stage, stage } from './stage.ts'

/** What is asked of the agent, in events a second. */
const RATE = 5000

/** How long each measurement takes, in s. */
const SECONDS = 20

/** The largest batch. */
const MOST = 500

/** How often events are published, in ms. */
const STEP = 50

const parts = [
  ...Array.from({ length: 60 }, (_, i) => job(`poll_${i}`, every(5).seconds, () => undefined)),
  // Each type is heard by four.
  ...Array.from({ length: 200 }, (_, i) => listener(`listener_${i}`, on(`type_${i % 50}`), () => undefined)),
]

interface Flooded {
  /** Events a second. */
  readonly rate: number
  /** What this process spent for each, in µs: a busy machine makes it slow, not expensive. */
  readonly cpu: number
}

/** Publishes as many events as asked for, or as many as the machine can. */
async function flood({ running }: Stage): Promise<Flooded> {
  const used = process.cpuUsage()
  const [began, ends] = [performance.now(), performance.now() + SECONDS * 1000]
  let n = 0
  while (performance.now() < ends) {
    const due = Math.ceil((RATE * (performance.now() + STEP - began)) / 1000) - n
    const from = n
    // A machine that can't keep up publishes as many as it can: one batch at a time.
    n += Math.max(0, Math.min(due, MOST))
    await Promise.all(
      Array.from({ length: n - from }, (_, i) =>
        running.publish(`type_${(from + i) % 50}`, `${began} ${from + i}`, {
          n: from + i,
          text: 'as long as a subject is',
        }),
      ),
    )
    await sleep(Math.max(0, began + ((n - 1) * 1000) / RATE - performance.now()))
  }
  const { user, system } = process.cpuUsage(used)
  return { rate: (n * 1000) / (performance.now() - began), cpu: (user + system) / n }
}

interface Cost {
  readonly busy: number
  readonly script: number
  readonly heap: number
}

async function costOf(session: CDPSession): Promise<Cost> {
  const { metrics } = await session.send('Performance.getMetrics')
  const of = (name: string): number => metrics.find((each) => each.name === name)?.value ?? 0
  return { busy: of('TaskDuration'), script: of('ScriptDuration'), heap: of('JSHeapUsedSize') }
}

describe('a flood', () => {
  let browser: Browser
  before(async () => void (browser = await startBrowser()))
  after(() => browser.close())

  for (const view of ['now', 'events'])
    it(`of ${RATE} events a second costs little in a browser that shows ${view}`, async (t) => {
      const here = await stage(t, parts)
      const without = await flood(here)
      const { page: tab, errors } = await open(t, browser, here.page.address)
      await tab.evaluate(`location.hash = '#${view}'`)
      await tab.locator('[data-row]').first().waitFor()
      const session = await tab.context().newCDPSession(tab)
      // Of this thread alone: other programs of the machine don't count.
      await session.send('Performance.enable', { timeDomain: 'threadTicks' })
      await tab.evaluate(`window.long = [];
        new PerformanceObserver((list) => long.push(...list.getEntries().map((each) => each.duration)))
          .observe({ type: 'longtask' })`)
      const start = await costOf(session)
      const watched = await flood(here)
      const end = await costOf(session)
      const long = (await tab.evaluate('window.long')) as number[]
      const [busy, script] = [(end.busy - start.busy) / SECONDS, (end.script - start.script) / SECONDS]
      const percent = (part: number): string => `${(part * 100).toFixed(1)} %`
      const told = ({ rate, cpu }: Flooded): string => `${Math.round(rate)} events/s, ${cpu.toFixed(0)} µs of CPU each`
      t.diagnostic(`without the page: ${told(without)}`)
      t.diagnostic(`with the page: ${told(watched)}: ${percent(watched.rate / without.rate)} of the events`)
      t.diagnostic(`page: ${percent(busy)} busy, ${percent(script)} in scripts, ${(end.heap / 1e6).toFixed(1)} MB heap`)
      t.diagnostic(`long tasks: ${long.length}, the longest ${Math.round(Math.max(0, ...long))} ms`)
      const last = await here.log.last()
      let newest = ''
      for await (const { identifier } of here.log.events({ after: last - 1 })) newest = identifier
      await until(
        async () => (await tab.locator('[data-row]', { hasText: newest }).count()) === 1,
        'the newest event on the page',
      )
      assert.deepEqual(errors, [])
      // Bounds for any machine: the numbers are for those who read them.
      assert.ok(busy < 0.5, `the page is ${percent(busy)} busy`)
      assert.ok(end.heap < 30e6, `${end.heap} bytes of heap`)
    })
})
