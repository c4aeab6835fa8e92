import type { ListedJob, RunStatus } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { askLogOrFile } from '../../logs/ask-log.ts'
import { printJson, printNote } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'

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

export const ls = command({
  summary:
    "List the jobs that a log knows, with their last and next run. The next run needs a running agent, or the agent's FILE, which also lists jobs that have never run. Recent slots: . done, F failed, A abandoned, C cancelled, r replaced, b blocked by another run, m missed. --json prints one object per line (NDJSON).",
  takes: ['[FILE]'],
  options: {
    tag: { type: 'array', string: true, describe: 'Only jobs with this tag; needs a running agent, or its FILE' },
    ...running,
    ...reading,
  },
  examples: [
    ['', 'Lists the jobs of the only log in .tidings'],
    ['hello.ts', 'Lists the jobs of the agent in hello.ts, whether or not it runs'],
    ['--agent hello --tag nightly', 'Lists the jobs of agent hello that are tagged nightly'],
  ],
  run: (given) =>
    askLogOrFile(given._[0], given, async ({ jobs }) => {
      const { tag } = given
      const all = (await jobs.list()).filter(({ tags }) => tag === undefined || tags?.some((one) => tag.includes(one)))
      if (given.json) for (const job of all) printJson(job)
      else if ((await printRows(HEAD, all.map(rowOf))) === 0) printNote('no jobs')
      return exitCodes.ok
    }),
})

function rowOf({ name, schedule, next, last, lastSlot, recent, ...job }: ListedJob): Row {
  const past = last?.slot ?? lastSlot
  return [
    name,
    schedule,
    next === undefined ? undefined : new Date(next),
    past === undefined ? undefined : new Date(past),
    last?.status,
    last === undefined ? undefined : last.new + last.changed,
    last?.duplicate,
    recent.map((status) => marks[status]).join('') || undefined,
    stateOf(job),
  ]
}

function stateOf({ held, ...job }: Pick<ListedJob, 'paused' | 'reason' | 'running' | 'held'>): string | undefined {
  const state = runState(job)
  if (held === undefined) return state
  return state === undefined ? `${held} held` : `${state}, ${held} held`
}

function runState({ paused, reason, running }: Pick<ListedJob, 'paused' | 'reason' | 'running'>): string | undefined {
  if (paused !== true) return running === true ? 'running' : undefined
  return reason === undefined ? 'paused' : `cancelled: ${reason}`
}
