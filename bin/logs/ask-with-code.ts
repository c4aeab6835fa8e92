import { codeOf, type Operations } from '../../lib/index.ts'
import { loadAgent } from '../user/load-agent.ts'
import { type Asked, surroundings } from '../user/surroundings.ts'
import { askLog } from './ask-log.ts'
import { logFor, type Which } from './which-log.ts'

/** As `askLog`. Where no agent runs, that of this file says what the jobs are. */
export async function askWithCode<T>(
  file: string | undefined,
  asked: Which & Asked,
  ask: (operations: Operations) => Promise<T>,
): Promise<T> {
  if (file === undefined) return askLog(asked, ask)
  const own = await surroundings(asked)
  const agent = await loadAgent(file)
  const which = asked.agent === undefined ? { db: logFor(agent.name, asked.db) } : asked
  return askLog(which, ask, { code: (log) => codeOf(agent, log, own) })
}
