import type { Seen } from '../../../lib/cli.ts'
import type { Agent, Operations } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { askAt } from '../../logs/ask-log.ts'
import { logOfFile, type Which, whichLog } from '../../logs/which-log.ts'
import { loadAgent } from '../../user/load-agent.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'

/** The agent of a file, and what its log knows of it; without a log, the agent alone. */
export async function inspectedAgent(
  file: string,
  options: Which & CodeOptions,
): Promise<{ readonly agent: Agent; readonly seen: Seen | undefined }> {
  await surroundings(options)
  const agent = await loadAgent(file)
  const { holdsLog } = await import('../../../lib/cli.ts')
  const directory = await (options.agent === undefined ? logOfFile(agent.name, file, options.db) : whichLog(options))
  const seen = isPostgres(directory) || (await holdsLog(directory)) ? await askAt(directory, seenBy) : undefined
  return { agent, seen }
}

async function seenBy({ flow, listeners, jobs }: Operations): Promise<Seen> {
  return { flow: await flow(), listeners: await listeners.list(), jobs: await jobs.list() }
}
