import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryLog } from '../../lib/level/open-log.ts'
import type { Consumer, Log } from '../../lib/log/port.ts'
import { logSuite } from '../../lib/testing/log-suite.ts'

/** The tests of the suite over a log in memory whose consumers are changed, by name. */
function suiteOver(
  change: (consumer: Consumer) => Partial<Consumer>,
  patience?: number,
): Map<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>()
  logSuite({
    test: (name, run) => tests.set(name, run),
    open: async (clock) => {
      const log = await memoryLog({ clock })
      const consumer: Log['consumer'] = async (name, options) => {
        const inner = await log.consumer(name, options)
        return changed(inner, change(inner))
      }
      return { log: changed<Log>(log, { consumer }), remove: () => log.close() }
    },
    survives: false,
    ...(patience === undefined ? {} : { patience }),
  })
  return tests
}

function changed<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name) {
      const value: unknown = Reflect.get(name in parts ? parts : target, name)
      return typeof value === 'function' ? value.bind(name in parts ? parts : target) : value
    },
  })
}

// Much longer than an event takes in memory.
const slowly =
  (consumer: Consumer): Consumer['pull'] =>
  async (max, signal) => {
    await sleep(60)
    return consumer.pull(max, signal)
  }

const RELEASED = 'hands out a released event again as attempt 1, a dropped one never'

describe('logSuite', () => {
  it('accepts a log that is slow', async () => {
    await suiteOver((consumer) => ({ pull: slowly(consumer) })).get(RELEASED)?.()
  })

  it('notices an event too many, however slowly it comes', async () => {
    const tests = suiteOver((consumer) => ({ pull: slowly(consumer), drop: (seq) => consumer.release(seq) }))
    await assert.rejects(tests.get(RELEASED)?.() as Promise<void>, { code: 'ERR_ASSERTION' })
  })

  it('fails when no event comes within its patience', async () => {
    const nothing: Consumer['pull'] = (_, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve([])))
    const tests = suiteOver(() => ({ pull: nothing }), 30)
    await assert.rejects(tests.get(RELEASED)?.() as Promise<void>, /0 of 3 events were handed out/)
  })
})
