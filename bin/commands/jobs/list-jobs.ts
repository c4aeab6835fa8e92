import type { ListedJob, RunStatus } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askWithCode } from '../../logs/ask-with-code.ts'
import type { Which } from '../../logs/which-log.ts'
import { printJson } from '../../print/json.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { note } from '../../print/tell.ts'
import { inWords, localTime } from '../../print/when.ts'
import type { Asked } from '../../user/surroundings.ts'

const HEAD = ['job', 'schedule', 'next run', 'last run', 'outcome', 'new', 'duplicate', 'recent', 'state']

/** The outcome of a slot, as one character. */
const marks: Readonly<Record<RunStatus, string>> = {
  done: '.',
  cancelled: 'C',
  failed: 'F',
  abandoned: 'A',
  replaced: 'r',
  blocked: 'b',
  missed: 'm',
}

/** Options of the list. `tag`: only jobs with one of these tags. */
export interface Listing extends Which, Asked {
  readonly tag?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

/**
 * Prints the jobs of a log: a table, or with `json` one object a line. While no agent runs, the agent's file supplies
 * upcoming runs. Resolves to the exit code.
 */
export function listJobs(file: string | undefined, asked: Listing): Promise<number> {
  return askWithCode(file, asked, async ({ jobs }) => {
    const { tag } = asked
    const all = (await jobs.list()).filter(({ tags }) => tag === undefined || tags?.some((one) => tag.includes(one)))
    if (asked.json) for (const job of all) printJson(job)
    else if ((await printRows(HEAD, all.map(rowOf))) === 0) note('no jobs')
    return exitCodes.ok
  })
}

function rowOf({ name, schedule, next, last, lastSlot, recent, ...job }: ListedJob): Row {
  const told = last === undefined ? ['-', '-'] : [String(last.new + last.changed), String(last.duplicate)]
  const past = last?.slot ?? lastSlot
  return [
    name,
    schedule ?? '-',
    next === undefined ? '-' : `${inWords(next)}, ${localTime(next)}`,
    past === undefined ? '-' : localTime(past),
    last?.status ?? '-',
    ...told,
    recent.map((status) => marks[status]).join('') || '-',
    stateOf(job),
  ]
}

function stateOf({ paused, reason, running }: Pick<ListedJob, 'paused' | 'reason' | 'running'>): string {
  if (paused !== true) return running === true ? 'running' : '-'
  return reason === undefined ? 'paused' : `cancelled: ${reason}`
}
