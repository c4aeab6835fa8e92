import { type Code, codeOf } from '../../lib/cli.ts'
import { type Log, type Operations } from '../../lib/index.ts'
import { loadAgent } from '../user/load-agent.ts'
import { type Asked, surroundings } from '../user/surroundings.ts'
import { askAt, askLog } from './ask-log.ts'
import { logFor, type Which } from './which-log.ts'

/** Like `askLog`. While no agent runs, the agent in this file supplies the jobs. */
export async function askWithCode<T>(
  file: string | undefined,
  asked: Which & Asked,
  ask: (operations: Operations) => Promise<T>,
): Promise<T> {
  if (file === undefined) return askLog(asked, ask)
  const own = await surroundings(asked)
  const agent = await loadAgent(file)
  const code = (log: Log): Code => codeOf(agent, log, own)
  if (asked.agent !== undefined) return askLog(asked, ask, { code })
  return askAt(logFor(agent.name, asked.db), ask, { code })
}
