import { type Agent, isAgent, isJob, isListener, isStream } from '../../lib/index.ts'
import { Failure } from '../frame/mistake.ts'
import { findFile } from './find-file.ts'
import { type Exports, loadModule } from './load-module.ts'

/** The agent that a user's module exports: its default export, or else the only export that is one. */
export async function loadAgent(file: string): Promise<Agent> {
  const exports = await loadModule(findFile(file))
  if (isAgent(exports.default)) return exports.default
  const agents = Object.entries(exports).filter(([, value]) => isAgent(value))
  const [only] = agents
  if (only !== undefined && agents.length === 1) return only[1] as Agent
  const names = agents.map(([name]) => name).join(', ')
  throw new Failure(
    agents.length > 1
      ? `${file} exports several agents (${names}): export the one to run as default`
      : `${file} exports no agent: ${whatInstead(exports)}`,
  )
}

function whatInstead(exports: Exports): string {
  const parts = Object.entries(exports).flatMap(([name, value]) =>
    isJob(value) || isListener(value) || isStream(value) ? [name === 'default' ? 'theDefault' : name] : [],
  )
  const wrapped = `export default agent('my-agent', [${parts.slice(0, 4).join(', ')}${parts.length > 4 ? ', …' : ''}])`
  return parts.length === 0 ? `end it with ${wrapped}` : `put its parts together with ${wrapped}`
}
