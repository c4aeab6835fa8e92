import { exitCodes } from '../frame/mistake.ts'
import { printJson } from '../print/json.ts'
import { printRows } from '../print/rows.ts'
import { askLog } from './ask-log.ts'
import type { Which } from './which-log.ts'

const HEAD = ['job', 'first seen', 'last slot', 'ever succeeded', 'state']

/** Prints what a log knows of jobs: a table, or with `json` one object a line; resolves to the exit code. */
export function listJobs(asked: Which & { readonly json?: boolean | undefined }): Promise<number> {
  return askLog(asked, async ({ jobs }) => {
    const all = await jobs.list()
    if (asked.json) for (const job of all) printJson(job)
    else {
      const rows = all.map(({ name, firstSeen, lastSlot = '-', succeeded, paused }) => [
        name,
        firstSeen,
        lastSlot,
        succeeded ? 'yes' : 'no',
        paused ? 'paused' : '-',
      ])
      if ((await printRows(HEAD, rows)) === 0) console.error('no jobs')
    }
    return exitCodes.ok
  })
}
