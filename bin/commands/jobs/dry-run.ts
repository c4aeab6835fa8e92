import { exitCodes } from '../../cli/mistake.ts'
import { askWithCode } from '../../logs/ask-with-code.ts'
import { complain } from '../../print/complain.ts'
import { printJson } from '../../print/json.ts'
import { whileWaiting } from '../../print/progress.ts'
import { printRows } from '../../print/rows.ts'
import type { Asked as Running } from '../../user/surroundings.ts'
import type { Asked } from '../shared/asked.ts'

const HEAD = ['status', 'type', 'identifier', 'data']

/** Runs a job without storing anything, and prints what it would publish; resolves to the exit code. */
export function dryRun([name = '', file]: readonly string[], asked: Asked & Running): Promise<number> {
  return askWithCode(file, asked, async ({ jobs }) => {
    const { drafts, error, reason, ...run } = await whileWaiting(`running job ${name}`, jobs.dryRun(name))
    const job = `job ${JSON.stringify(name)}`
    if (asked.json) printJson({ ...run, drafts, error, reason })
    else {
      const rows = drafts.map(({ status, type, identifier, data }) => [status, type, identifier, JSON.stringify(data)])
      if ((await printRows(HEAD, rows)) === 0) complain(`${job} would publish nothing`)
    }
    if (reason !== undefined) complain(`${job} would be cancelled: ${reason}`)
    if (error !== undefined) complain(`${job} would fail: ${error.message}`)
    return error === undefined ? exitCodes.ok : exitCodes.failed
  })
}
