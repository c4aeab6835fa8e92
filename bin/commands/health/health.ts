import { askHealth } from '../../../lib/agent/socket/ask-health.ts'
import type { AgentHealth, Health } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { shownPlace, whichLog } from '../../logs/which-log.ts'
import { printJson, printLine, printProblem } from '../../print/print.ts'
import { showTimesIn, timeIn } from '../../print/times.ts'

export const health = command({
  summary:
    'Check whether an agent works, at a fraction of the cost of status: it answers, does not stop, and its log accepts writes.',
  failsIf: 'no agent answers, it stops, or its log has failed',
  takes: [],
  options: reading,
  examples: [
    ['', 'Checks the agent on the only log in .tidings'],
    ['--db /var/lib/tidings/home', 'Checks the agent on this log, for a health check'],
    ['--agent home --json', 'Prints the answer for a program'],
  ],
  run: async (given) => {
    const directory = await whichLog(given)
    const health: Awaited<ReturnType<typeof sharedHealth>> = isPostgres(directory)
      ? await sharedHealth(directory)
      : await askHealth(directory)
    const problems = health?.problems ?? [`no agent answers on the log in ${shownPlace(directory)}`]
    if (health?.timezone !== undefined) showTimesIn(health.timezone)
    if (given.json) printJson(health ?? { healthy: false, problems })
    else if (health?.healthy)
      printLine(`agent ${JSON.stringify(health.agent)} is healthy, since ${timeIn(health.since ?? '')}`)
    for (const problem of [...problems, ...(health?.surprises ?? [])]) printProblem(problem)
    return health?.healthy ? exitCodes.ok : exitCodes.failed
  },
})

// One of the agents on a shared log is enough; the one that has run for longest speaks for all.
async function sharedHealth(place: string): Promise<(AgentHealth & Pick<Health, 'surprises'>) | undefined> {
  const { askAt } = await import('../../logs/ask-log.ts')
  return askAt(place, async ({ agents, health }) => {
    const [first] = await agents.list()
    if (first === undefined) return undefined
    const { log } = await health()
    const { agent, pid, since } = first
    return {
      healthy: log === 'ready',
      state: 'running',
      agent,
      pid,
      since,
      log,
      problems: [],
      surprises: await agents.surprises(),
    }
  })
}
