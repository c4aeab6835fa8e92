import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printNote, printProblem } from '../../print/print.ts'
import { printRows } from '../../print/rows.ts'

const HEAD = ['agent', 'host', 'pid', 'since', 'drives', 'handles']

export const ls = command({
  summary:
    'List the agents that run on a log, with the jobs that each of them drives and the listeners that it handles, and what differs between them and should not. --json prints one object per line (NDJSON).',
  takes: [],
  options: reading,
  examples: [
    ['', 'Shows the agent on the only log in .tidings'],
    ['--db postgres://db.example/tidings', 'Shows all agents that share this log'],
  ],
  run: (given) =>
    askLog(given, async ({ agents }) => {
      const rows = await agents.list()
      if (given.json) for (const row of rows) printJson(row)
      else {
        const cells = rows.map(({ agent, host, pid, since, jobs, listeners, shards }) => {
          const handles = listeners.map((name) =>
            shards?.[name] === undefined ? name : `${name} (${shards[name].join(' ')})`,
          )
          return [agent, host, pid, new Date(since), jobs.join(', '), handles.join(', ')]
        })
        if ((await printRows(HEAD, cells)) === 0) printNote('no agents')
      }
      for (const surprise of await agents.surprises()) printProblem(surprise)
      return exitCodes.ok
    }),
})
