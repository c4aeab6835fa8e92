import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryLog } from '../../lib/log/open-log.ts'
import { logSuite } from '../../lib/testing/log-suite.ts'
import { onDisk } from './on-disk.ts'

describe('a log on disk that was asked not to wait for it', () => {
  logSuite({ test: it, open: (clock) => onDisk(clock, 'relaxed'), runs: 2 })
})

describe('a log in memory', () => {
  logSuite({
    test: it,
    open: async (clock) => {
      const log = await memoryLog({ clock })
      return { log, remove: () => log.close() }
    },
    survives: false,
  })
})

describe('the limits of a log', () => {
  for (const limits of [{ data: -1 }, { type: 0 }, { identifier: 1.5 }, { data: '1MB' }, { bytes: 1 }]) {
    it(`are refused when they are ${JSON.stringify(limits)}`, async () => {
      await assert.rejects(memoryLog({ limits: limits as never }), {
        code: 'TIDINGS_LOG_INVALID',
        message: /limits are/,
      })
    })
  }

  it('are taken when some are left out', async () => {
    const log = await memoryLog({ limits: { data: 10 } })
    await assert.rejects(log.accept([{ type: 'it', identifier: '1', data: 'more than ten' }]), {
      code: 'TIDINGS_DATA_TOO_LARGE',
    })
    await log.close()
  })

  it('are the usual ones where they are undefined', async () => {
    const log = await memoryLog({ limits: { data: undefined } as never })
    await assert.rejects(log.accept([{ type: 'it', identifier: '1', data: 'x'.repeat(262_145) }]), {
      code: 'TIDINGS_DATA_TOO_LARGE',
    })
    await log.close()
  })
})
