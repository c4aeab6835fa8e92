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
