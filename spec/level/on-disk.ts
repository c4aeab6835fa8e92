import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../lib/core/clock.ts'
import { type LogOptions, openLog } from '../../lib/level/open-log.ts'
import type { OpenedLog } from '../../lib/testing/log-suite.ts'
import { copyLiving } from '../support/copy-living.ts'
import { prefix } from '../support/temporary-directory.ts'

/** A log in a directory. A crash copies the files as they are at that moment, and opens the copy. */
export async function onDisk(clock: Clock, durability: LogOptions['durability'], from?: string): Promise<OpenedLog> {
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
          await copyLiving(directory, copy)
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
