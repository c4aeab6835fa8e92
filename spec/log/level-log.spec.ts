import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Clock } from '../../lib/core/clock.ts'
import { type LogOptions, memoryLog, openLog } from '../../lib/log/open-log.ts'
import { logSuite, type OpenedLog } from '../../lib/testing/log-suite.ts'
import { prefix } from '../support/temporary-directory.ts'

/** A log in a directory. A crash leaves what is on disk at that moment: that is copied, and the copy is opened. */
async function onDisk(clock: Clock, durability: LogOptions['durability'], from?: string): Promise<OpenedLog> {
  const root = from ?? (await mkdtemp(join(tmpdir(), prefix)))
  let directory = join(root, 'log')
  const open = () => openLog(directory, { clock, ...(durability === undefined ? {} : { durability }) })
  const opened = [await open()]
  return step()

  function step(): OpenedLog {
    const log = opened.at(-1) as Awaited<ReturnType<typeof openLog>>
    return {
      log,
      async reopen(how) {
        if (how === 'close') await log.close()
        else {
          const copy = join(root, `crash ${opened.length}`)
          await cp(directory, copy, { recursive: true })
          directory = copy
        }
        opened.push(await open())
        return step()
      },
      async remove() {
        await Promise.all(opened.map((each) => each.close()))
        await rm(root, { recursive: true, force: true })
      },
    }
  }
}

describe('a log on disk', () => {
  logSuite({ test: it, open: (clock) => onDisk(clock, 'disk'), runs: 12 })
})

describe('a log on disk that was asked not to wait for it', () => {
  logSuite({ test: it, open: (clock) => onDisk(clock, 'relaxed'), runs: 3 })
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
