import { command, type Given } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { askLog, askLogOrFile } from '../../logs/ask-log.ts'
import { printJson, printProblem } from '../../print/print.ts'
import { whileWaiting } from '../../print/progress.ts'
import { printRows } from '../../print/rows.ts'

const options = {
  dry: { type: 'boolean', describe: 'Only show what the job would publish' },
  ...running,
  ...reading,
} as const

export const run = command({
  summary:
    "Run a job of the running agent now, besides its schedule, and wait for it. With --dry, show what it would publish and store nothing, neither events nor state; if no agent runs, add the agent's FILE. Side effects of the job itself happen in any case.",
  takes: ['NAME', '[FILE]'],
  options,
  examples: [
    ['my_job', 'Runs my_job, and shows how many events it published'],
    ['my_job --dry', 'Shows what my_job would publish now'],
    ['my_job hello.ts --dry', 'Does the same, whether or not the agent in hello.ts runs'],
  ],
  failsIf: 'the job failed, or did not run because it runs already',
  run: (given) => (given.dry ? runDry(given) : runNow(given)),
})

function runNow(given: Given<typeof options>): Promise<number> {
  const [name = '', file] = given._
  if (file !== undefined) throw new UsageError('only a running agent can run a job: leave out the FILE, or add --dry')
  return askLog(given, async ({ jobs }) => {
    const answer = await whileWaiting(`running job ${name}`, jobs.run(name))
    const { run: report } = answer
    if (given.json) printJson(answer)
    else if (report !== undefined) {
      const counts = [report.new, report.changed, report.duplicate, report.ms]
      await printRows(['job', 'new', 'changed', 'duplicate', 'ms'], [[name, ...counts]])
    }
    const job = `job ${JSON.stringify(name)}`
    if (report === undefined) printProblem(`${job} did not run: it is already running, or the agent is stopping`)
    else if (report.error !== undefined) printProblem(`${job} failed: ${report.error.message}`)
    if (report?.held !== undefined)
      printProblem(`${job} holds ${report.held} drafts, as nearly all of the poll was new`)
    return report === undefined || report.error !== undefined ? exitCodes.failed : exitCodes.ok
  })
}

function runDry(given: Given<typeof options>): Promise<number> {
  const [name = '', file] = given._
  return askLogOrFile(file, given, async ({ jobs }) => {
    const { drafts, error, reason, ...report } = await whileWaiting(`running job ${name}`, jobs.dryRun(name))
    const job = `job ${JSON.stringify(name)}`
    if (given.json) printJson({ ...report, drafts, error, reason })
    else {
      const rows = drafts.map(({ status, type, identifier, data }) => [status, type, identifier, JSON.stringify(data)])
      const printed = await printRows(['status', 'type', 'identifier', 'data'], rows)
      if (printed === 0) printProblem(`${job} would publish nothing`)
    }
    if (reason !== undefined) printProblem(`${job} would be cancelled: ${reason}`)
    if (error !== undefined) printProblem(`${job} would fail: ${error.message}`)
    return error === undefined ? exitCodes.ok : exitCodes.failed
  })
}
