import { resolve } from 'node:path'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { size } from '../../print/size.ts'
import { tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'
import { withBar } from './work.ts'

/** Copies a log, which may be in use, into a folder, and prints its content; resolves to the exit code. */
export function backUpLog(directory: string, asked: Asked): Promise<number> {
  return askLog(asked, async ({ db }) => {
    const backup = await withBar('backing up', db.backup(directory))
    if (asked.json) printJson({ directory: resolve(directory), ...backup })
    else
      tell(`${some(backup.records, 'record')}, up to event ${backup.last}, are in ${directory} (${size(backup.bytes)})`)
    return exitCodes.ok
  })
}
