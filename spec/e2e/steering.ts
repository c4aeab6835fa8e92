import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type LevelLog, openLog, operations, start as startAgent } from '../../lib/index.ts'
import { captured } from '../support/command.ts'
import { type How, root, type Started, start, userFolder } from './program.ts'
import { home } from './steering-agent.ts'

/** The file of the agent that is steered. */
export const AGENT = join(root, 'spec/e2e/steering-agent.ts')

/**
 * A folder with a log, `stopped`, that the agent has run on, and a copy of it, `running`. Three notes were told: `broken`
 * could handle none. Then `often` and all listeners but `quick` were paused, and two notes more were told.
 */
export async function folderWithLogs(t: TestContext): Promise<string> {
  const folder = userFolder(t)
  await captured(() => prepare(join(folder, 'stopped')))
  cpSync(join(folder, 'stopped'), join(folder, 'running'), { recursive: true })
  return folder
}

async function prepare(directory: string): Promise<number> {
  const log = await openLog(directory, { warn: () => undefined })
  process.env['OUT_OF_ORDER'] = 'yes'
  await hear(log, ['a', 'b', 'c'])
  delete process.env['OUT_OF_ORDER']
  const { jobs, listeners } = operations(log)
  await Promise.all([jobs.pause('often'), listeners.pause('resting'), listeners.pause('broken')])
  await hear(log, ['d', 'e'])
  await log.close()
  return 0
}

async function hear(log: LevelLog, identifiers: readonly string[]): Promise<void> {
  const running = await startAgent(home, { log, logger: false })
  await log.accept(identifiers.map((identifier) => ({ type: 'note', identifier, data: { text: identifier } })))
  await running.drained()
  await running.stop()
}

/** Runs the agent on the copy, until it answers. */
export async function runOn(t: TestContext, folder: string, env: How['env'] = {}): Promise<Started> {
  const running = start(t, folder, 'tidings', ['run', AGENT, '--db', 'running'], { env })
  await running.said(/starting agent/)
  while ((await connect(join(folder, 'running'))) === undefined) await sleep(20)
  return running
}
