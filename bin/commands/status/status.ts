import type { Attention, Health, JobHealth, ListenerHealth } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printLine, printProblem } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { withTimes } from '../../print/times.ts'

const AGENT = ['', 'name', 'state', 'pid', 'since', 'log', 'newest event']
const AGENTS = ['', 'name', 'host', 'pid', 'since']
const LOG = ['', 'state', 'newest event']
const JOBS = ['', 'name', 'schedule', 'last slot', 'next slot', 'state']
const LISTENERS = ['', 'name', 'behind', 'running', 'retrying', 'parked', 'oldest event', 'state']

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
        await printAttention(attention)
      }
      for (const surprise of health.surprises ?? []) printProblem(surprise)
      for (const problem of health.problems) printProblem(withTimes(problem, process.stderr))
      // Held drafts wait for a person; a supervisor that restarts the agent would not help.
      const floods = health.jobs.filter(({ held }) => held !== undefined)
      const isWell = health.problems.length === floods.length && (given.strict !== true || attention.length === 0)
      return isWell ? exitCodes.ok : exitCodes.failed
    }),
})

async function printHealth({ agent, agents, running, pid, since, log, jobs, listeners }: Health): Promise<void> {
  const state = running ? 'running' : 'stopped'
  if (agents === undefined) await printRows(AGENT, [['agent', agent, state, pid, timeCell(since), log.state, log.last]])
  else {
    const rows = agents.map((each) => ['agent', each.agent, each.host, each.pid, timeCell(each.since)])
    await printRows(AGENTS, rows)
    await printRows(LOG, [['log', log.state, log.last]])
  }
  await printRows(JOBS, jobs.map(jobRow))
  await printRows(LISTENERS, listeners.map(listenerRow))
}

// A person reads sentences, each with the command that helps on a line of its own.
async function printAttention(attention: readonly Attention[]): Promise<void> {
  if (!process.stdout.isTTY)
    await printRows(
      [],
      attention.map(({ what, fix }) => ['⚠', what, fix]),
    )
  else
    for (const { what, fix } of attention) {
      printLine(`⚠ ${withTimes(what, process.stdout)}`)
      if (fix !== undefined) printLine(`    ${fix}`)
    }
}

function jobRow(job: JobHealth): Row {
  const { name, schedule, last, lastSlot, next } = job
  return ['job', name, schedule, timeCell(last?.slot ?? lastSlot), timeCell(next), stateOfJob(job)]
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
  return ['listener', name, behind, running, retrying, parked, timeCell(oldest), state]
}

function timeCell(at: string | undefined): Date | undefined {
  return at === undefined ? undefined : new Date(at)
}
