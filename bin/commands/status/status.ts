import type { Attention, Health, JobHealth, ListenerHealth } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printProblem } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'

const AGENT = ['', 'name', 'state', 'pid', 'since', 'log', 'newest event']
const JOBS = ['', 'name', 'schedule', 'last slot', 'next slot', 'state']
const LISTENERS = ['', 'name', 'behind', 'running', 'retrying', 'parked', 'oldest event', 'state']
const ATTENTION = ['', 'needs a person', 'what helps']

export const status = command({
  summary:
    'Show the state of an agent: its jobs, its listeners, its log, and what needs a person. Ends with 0 if the agent works, with --strict only if nothing needs a person. --json prints the same for programs.',
  takes: [],
  options: {
    strict: { type: 'boolean', describe: 'End with 1 if anything needs a person: a failing job, a parked event …' },
    ...reading,
  },
  examples: [
    ['', 'Shows the agent on the only log in .tidings'],
    ['--agent hello --json', 'Shows agent hello, for a program that watches it'],
    ['--strict', 'Also fails while a job fails, or events are parked'],
  ],
  failsIf: 'a job is overdue, a listener is stuck, the log has failed or no agent runs; not if a job only holds drafts',
  run: (given) =>
    askLog(given, async (operations) => {
      const health = await operations.status()
      const attention = await operations.attention()
      if (given.json) printJson({ ...health, attention })
      else {
        await printHealth(health)
        await printRows(ATTENTION, attention.map(attentionRow))
      }
      for (const problem of health.problems) printProblem(problem)
      // Held drafts wait for a person; a supervisor that restarts the agent would not help.
      const floods = health.jobs.filter(({ held }) => held !== undefined)
      const isWell = health.problems.length === floods.length && (given.strict !== true || attention.length === 0)
      return isWell ? exitCodes.ok : exitCodes.failed
    }),
})

async function printHealth({ agent, running, pid, since, log, jobs, listeners }: Health): Promise<void> {
  const state = running ? 'running' : 'stopped'
  await printRows(AGENT, [['agent', ...[agent, state, pid, since, log.state, log.last].map(cell)]])
  await printRows(JOBS, jobs.map(jobRow))
  await printRows(LISTENERS, listeners.map(listenerRow))
}

function attentionRow({ what, fix }: Attention): Row {
  return ['⚠', what, fix ?? '-']
}

function jobRow(job: JobHealth): Row {
  const { name, schedule, last, lastSlot, next } = job
  return ['job', ...[name, schedule, last?.slot ?? lastSlot, next, stateOfJob(job)].map(cell)]
}

function stateOfJob({ failure, overdue, held, paused, running, last }: JobHealth): string | undefined {
  if (failure !== undefined) return 'ended'
  if (overdue !== undefined) return 'overdue'
  if (held !== undefined) return `${held} held`
  if (paused) return 'paused'
  if (running) return 'running'
  return last?.error === undefined ? undefined : 'failed'
}

function listenerRow({ name, behind, running, retrying, parked, oldest, ...listener }: ListenerHealth): Row {
  const { failure, stuck, paused } = listener
  const state = failure !== undefined ? 'ended' : stuck ? 'stuck' : paused ? 'paused' : undefined
  return ['listener', ...[name, behind, running, retrying, parked, oldest, state].map(cell)]
}

function cell(value: string | number | undefined): string {
  return value === undefined ? '-' : String(value)
}
