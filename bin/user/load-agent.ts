import { isAgent, isJob, isListener, isStream } from '../../lib/cli.ts'
import { type Agent } from '../../lib/index.ts'
import { Failure } from '../cli/errors.ts'
import { showTimesIn } from '../print/times.ts'
import { findFile } from './find-file.ts'
import { kindOf } from './find-part.ts'
import { type Exports, loadFresh, loadModule } from './load-module.ts'

/** Loads the agent that a user's module exports: the default export, or else the only export that is an agent. */
export async function loadAgent(file: string): Promise<Agent> {
  const agent = agentIn(await loadModule(findFile(file)), file)
  if (agent.timezone !== undefined) showTimesIn(agent.timezone)
  return agent
}

/** Like `loadAgent`, with all modules as they are now; `reached` receives their paths, as in `loadFresh`. */
export async function loadFreshAgent(file: string, reached: (file: string) => void): Promise<Agent> {
  return agentIn(await loadFresh(file, reached), file)
}

function agentIn(exports: Exports, file: string): Agent {
  if (isAgent(exports.default)) return exports.default
  const agents = Object.entries(exports).filter(([, value]) => isAgent(value))
  const [only] = agents
  if (only !== undefined && agents.length === 1) return only[1] as Agent
  const names = agents.map(([name]) => name).join(', ')
  throw new Failure(
    agents.length > 1
      ? `${file} exports several agents (${names}): export the one to run as default`
      : `${file} exports no agent: ${adviceFor(exports)}`,
  )
}

function adviceFor(exports: Exports): string {
  const { default: whole } = exports
  if (Array.isArray(whole) && whole.some(isAgent))
    return 'its default export is an array of agents: export the one to run as default'
  const named = Object.entries(exports).flatMap(([name, value]) =>
    isPart(value) ? [name === 'default' ? 'theDefault' : name] : [],
  )
  const parts = Array.isArray(whole) && whole.some(isPart) ? ['...theDefault', ...named] : named
  const wrapped = `export default agent('my-agent', [${parts.slice(0, 4).join(', ')}${parts.length > 4 ? ', …' : ''}])`
  if (parts.length > 0) return `combine its parts: ${wrapped}`
  if (!Object.hasOwn(exports, 'default')) return `end it with ${wrapped}`
  const instead = whole instanceof Promise ? 'await it' : typeof whole === 'function' ? 'call it' : `write ${wrapped}`
  return `its default export is ${kindOf(whole)}: ${instead}`
}

function isPart(value: unknown): boolean {
  return isJob(value) || isListener(value) || isStream(value)
}
