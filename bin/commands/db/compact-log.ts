import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { size } from '../../print/size.ts'
import { tell } from '../../print/tell.ts'
import type { Asked } from '../shared/asked.ts'
import { withBar } from './work.ts'

/** Frees the disk space of removed events, and prints how much; resolves to the exit code. */
export function compactLog(asked: Asked): Promise<number> {
  return askLog(asked, async ({ db }) => {
    const compacted = await withBar('compacting the log', db.compact())
    const { before, after } = compacted
    if (asked.json) printJson(compacted)
    else tell(`the log takes ${size(after)}; before, it took ${size(before)}`)
    return exitCodes.ok
  })
}
