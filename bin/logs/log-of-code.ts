import type { Agent } from '../../lib/index.ts'
import { isPostgres } from '../../lib/log-places.ts'
import { showTimesIn } from '../print/times.ts'
import { logFor, type Which, whichLog } from './which-log.ts'

/**
 * Returns the folder of the log of an agent whose code is at hand: the selected one, else that of the agent if it has one,
 * else the only one in `.tidings`.
 */
export async function logOfCode(agent: Agent | undefined, which: Which): Promise<string> {
  if (agent?.timezone !== undefined) showTimesIn(agent.timezone)
  if (which.agent !== undefined || agent === undefined) return whichLog(which)
  const { holdsLog } = await import('../../lib/cli.ts')
  const directory = logFor(agent.name, which.db)
  return isPostgres(directory) || (await holdsLog(directory)) ? directory : whichLog(which)
}
