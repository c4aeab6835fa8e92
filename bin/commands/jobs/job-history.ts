import type { RunRow } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { Which } from '../../logs/which-log.ts'
import { printJson } from '../../print/json.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { note } from '../../print/tell.ts'
import { lasting, localTime } from '../../print/when.ts'
import { some } from '../../print/words.ts'

const HEAD = ['slot', 'status', 'attempt', 'late', 'took', 'new', 'changed', 'duplicate', 'why']

/** Which part of a job's history to show. */
export interface Past extends Which {
  readonly limit: number
  readonly json?: boolean | undefined
}

/** Prints the outcomes of a job's slots, the oldest first; resolves to the exit code. */
export function jobHistory(name: string, asked: Past): Promise<number> {
  return askLog(asked, async ({ jobs }) => {
    const rows = [...(await jobs.history(name, { limit: asked.limit }))].reverse()
    if (asked.json) for (const row of rows) printJson(row)
    else if ((await printRows(HEAD, rows.map(rowOf))) === 0) note('nothing yet')
    return exitCodes.ok
  })
}

function rowOf({ slot, status, attempt, late, ms, ...run }: RunRow): Row {
  if (run.slots !== undefined) return [localTime(slot), status, ...Array<string>(6).fill('-'), passed(run)]
  const counts = [run.new, run.changed, run.duplicate].map(String)
  const why = run.error?.message ?? run.reason ?? (run.began === undefined ? 'its process died' : '-')
  return [localTime(slot), status, String(attempt), lasting(late), lasting(ms), ...counts, why]
}

function passed({ slots = 0, until }: Pick<RunRow, 'slots' | 'until'>): string {
  return slots === 1 || until === undefined ? some(slots, 'slot') : `${some(slots, 'slot')}, until ${localTime(until)}`
}
