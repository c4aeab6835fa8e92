import type { ListenerRow } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { logOfFile } from '../../logs/which-log.ts'
import { printJson, printNote } from '../../print/print.ts'
import { printRows } from '../../print/rows.ts'
import { timeIn } from '../../print/times.ts'

const HEAD = ['listener', 'cursor', 'behind', 'running', 'retrying', 'parked', 'first seen', 'state']

function stateOf({ orphaned, paused, waiting, waitingUntil }: ListenerRow): string | undefined {
  const waits =
    waiting === undefined ? [] : [`${waiting} waiting${waitingUntil ? ` until ${timeIn(waitingUntil)}` : ''}`]
  return [...(orphaned ? ['orphaned'] : []), ...(paused ? ['paused'] : []), ...waits].join(', ') || undefined
}

export const ls = command({
  summary:
    "List the listeners that a log knows, and how far they are. With an agent's FILE, also show which are orphaned: known to the log, but not to the agent. --json prints one object per line (NDJSON).",
  takes: ['[FILE]'],
  options: reading,
  examples: [
    ['', 'Lists the listeners of the only log in .tidings'],
    ['hello.ts', 'Lists the listeners of the agent in hello.ts, and its orphans'],
  ],
  run: async (given) => {
    const [file] = given._
    const agent = file === undefined ? undefined : await (await import('../../user/load-agent.ts')).loadAgent(file)
    const isNamed = file === undefined || agent === undefined || given.agent !== undefined
    const which = isNamed ? given : { db: await logOfFile(agent.name, file, given.db) }
    return askLog(which, async ({ listeners }) => {
      const known = agent?.listeners.map(({ name }) => name)
      const all = await listeners.list(known === undefined ? {} : { known })
      if (given.json) for (const listener of all) printJson(listener)
      else {
        const rows = all.map((listener) => {
          const { name, cursor, behind, running, retrying, parked, created } = listener
          return [name, cursor, behind, running, retrying, parked, new Date(created), stateOf(listener)]
        })
        if ((await printRows(HEAD, rows)) === 0) printNote('no listeners')
      }
      return exitCodes.ok
    })
  },
})
