import { describe, it } from 'node:test'
import { logSuite } from '../../lib/testing/log-suite.ts'
import { onDisk } from './on-disk.ts'

describe('a log on disk, with many more values', () => {
  logSuite({ test: it, open: (clock) => onDisk(clock, 'disk'), runs: 500 })
})
