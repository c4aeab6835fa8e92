import { exitCodes, Mistake } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { complain } from '../../print/complain.ts'
import { printJson } from '../../print/json.ts'
import { whileWaiting } from '../../print/progress.ts'
import { printRows } from '../../print/rows.ts'
import type { Asked } from '../shared/asked.ts'

const HEAD = ['job', 'new', 'changed', 'duplicate', 'ms']

/** Runs a job of the running agent, and prints the outcome; resolves to the exit code. */
export async function runJob([name = '', file]: readonly string[], asked: Asked): Promise<number> {
  if (file !== undefined) throw new Mistake('only an agent that runs can run a job: leave out the FILE, or add --dry')
  return askLog(asked, async ({ jobs }) => {
    const answer = await whileWaiting(`running job ${name}`, jobs.run(name))
    const { run } = answer
    if (asked.json) printJson(answer)
    else if (run !== undefined) {
      await printRows(HEAD, [[name, ...[run.new, run.changed, run.duplicate, run.ms].map(String)]])
    }
    const job = `job ${JSON.stringify(name)}`
    if (run === undefined) complain(`${job} did not run: it runs already, or is about to stop`)
    else if (run.error !== undefined) complain(`${job} failed: ${run.error.message}`)
    return run === undefined || run.error !== undefined ? exitCodes.failed : exitCodes.ok
  })
}
