import type { Health, JobHealth, ListenerHealth } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { Which } from '../../logs/which-log.ts'
import { complain } from '../../print/complain.ts'
import { printJson } from '../../print/json.ts'
import { printRows, type Row } from '../../print/rows.ts'

const AGENT = ['', 'name', 'state', 'pid', 'since', 'log', 'newest event']
const JOBS = ['', 'name', 'schedule', 'last slot', 'next slot', 'state']
const LISTENERS = ['', 'name', 'behind', 'running', 'retrying', 'parked', 'oldest event', 'state']

/** Prints the state of an agent, its jobs, its listeners and its log; resolves to 0 if everything is well. */
export function showStatus(asked: Which & { readonly json?: boolean | undefined }): Promise<number> {
  return askLog(asked, async (operations) => {
    const health = await operations.status()
    if (asked.json) printJson(health)
    else await print(health)
    for (const problem of health.problems) complain(problem)
    return health.problems.length === 0 ? exitCodes.ok : exitCodes.failed
  })
}

async function print({ agent, running, pid, since, log, jobs, listeners }: Health): Promise<void> {
  const state = running ? 'running' : 'stopped'
  await printRows(AGENT, [['agent', ...[agent, state, pid, since, log.state, log.last].map(cell)]])
  await printRows(JOBS, jobs.map(jobRow))
  await printRows(LISTENERS, listeners.map(listenerRow))
}

function jobRow(job: JobHealth): Row {
  const { name, schedule, last, lastSlot, next } = job
  return ['job', ...[name, schedule, last?.slot ?? lastSlot, next, stateOfJob(job)].map(cell)]
}

function stateOfJob({ failure, overdue, paused, running, last }: JobHealth): string | undefined {
  if (failure !== undefined) return 'ended'
  if (overdue !== undefined) return 'overdue'
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
