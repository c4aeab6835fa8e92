import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type LogOptions, memoryLog, openLog } from '../../lib/level/open-log.ts'
import { repairLog } from '../../lib/level/repair-log.ts'
import { restoreLog } from '../../lib/level/restore-log.ts'
import { logSuite } from '../../lib/testing/log-suite.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { onDisk } from './on-disk.ts'

describe('a log on disk with relaxed durability', () => {
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

describe('a log on disk with invalid options', () => {
  for (const options of [
    { limits: { data: 0 } },
    { retention: {} },
    { identity: 'job' },
    { durability: 'fast' },
  ] as unknown as LogOptions[]) {
    it(`is not left open: ${JSON.stringify(options)}`, async (t) => {
      const directory = temporaryDirectory(t)
      await assert.rejects(openLog(directory, options), { code: 'TIDINGS_LOG_INVALID' })
      await using log = await openLog(directory)
      assert.equal(await log.last(), 0)
    })
  }
})

describe('an invalid path', () => {
  for (const wrong of [undefined, null, '', 7, {}] as never[]) {
    it(`is rejected by every function that needs one: ${JSON.stringify(wrong)}`, async (t) => {
      await using log = await memoryLog()
      const directory = temporaryDirectory(t)
      for (const ask of [
        () => openLog(wrong),
        () => log.backup(wrong),
        () => restoreLog(wrong, directory),
        () => restoreLog(directory, wrong),
        () => repairLog(wrong, directory),
        () => repairLog(directory, wrong),
      ])
        await assert.rejects(ask, { code: 'TIDINGS_LOG_INVALID', message: /needs the path of a directory, got/ })
    })
  }
})

describe('a clock that returns no time', () => {
  it('dates no event', async () => {
    const times: unknown[] = [Date.now(), Number.NaN, undefined, '2027-01-01', 5]
    const clock = { now: () => times.shift() as number, timer: () => () => undefined }
    await using log = await memoryLog({ clock })
    for (let i = 0; i < 3; i++)
      await assert.rejects(log.accept([{ type: 'it', identifier: '1', data: 1 }]), { code: 'TIDINGS_LOG_INVALID' })
    const [receipt] = await log.accept([{ type: 'it', identifier: '1', data: 1 }])
    assert.equal(receipt?.event?.created, 5)
  })
})

describe('the limits of a log', () => {
  for (const limits of [{ data: -1 }, { type: 0 }, { identifier: 1.5 }, { data: '1MB' }, { bytes: 1 }, 5, null]) {
    it(`are rejected when they are ${JSON.stringify(limits)}`, async () => {
      await assert.rejects(memoryLog({ limits: limits as never }), {
        code: 'TIDINGS_LOG_INVALID',
        message: /limits are/,
      })
    })
  }

  it('are valid when some are missing', async () => {
    const log = await memoryLog({ limits: { data: 10 } })
    await assert.rejects(log.accept([{ type: 'it', identifier: '1', data: 'more than ten' }]), {
      code: 'TIDINGS_DATA_TOO_LARGE',
    })
    await log.close()
  })

  it('have their defaults where they are undefined', async () => {
    const log = await memoryLog({ limits: { data: undefined } as never })
    await assert.rejects(log.accept([{ type: 'it', identifier: '1', data: 'x'.repeat(262_145) }]), {
      code: 'TIDINGS_DATA_TOO_LARGE',
    })
    await log.close()
  })
})
