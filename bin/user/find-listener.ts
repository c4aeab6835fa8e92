import { didYouMean, isAgent, isListener, isStream } from '../../lib/cli.ts'
import { type Agent, type Listener } from '../../lib/index.ts'
import { UsageError } from '../cli/errors.ts'
import { findFile } from './find-file.ts'
import { type Exports, loadModule } from './load-module.ts'

/** A listener, and the agent that it belongs to, as far as its module tells. */
export interface FoundListener {
  readonly listener: Listener
  readonly agent: Agent | undefined
}

/**
 * Finds a listener of a module by its name, or by the name of its export: among the exports, and in the agents and streams
 * that are exported.
 *
 * @throws UsageError that names the listeners of the module
 */
export async function listenerIn(file: string, name: string): Promise<FoundListener> {
  const path = findFile(file)
  const exports = await loadModule(path)
  const found = listenersOf(exports)
  const exported = exports[name]
  const listener = found.find((each) => each.name === name) ?? (isListener(exported) ? exported : undefined)
  if (listener !== undefined) return { listener, agent: agentOf(exports) }
  const names = [...new Set(found.map((each) => each.name))]
  const others = names.length === 0 ? '; it has no listeners' : `; its listeners: ${names.join(', ')}`
  throw new UsageError(`${path} has no listener ${JSON.stringify(name)}${didYouMean(name, names) || others}`)
}

function listenersOf(exports: Exports): Listener[] {
  return Object.values(exports)
    .flatMap((each): readonly unknown[] => (Array.isArray(each) ? (each as readonly unknown[]) : [each]))
    .flatMap((each) => (isListener(each) ? [each] : isAgent(each) || isStream(each) ? each.listeners : []))
}

function agentOf(exports: Exports): Agent | undefined {
  const agents = [exports.default, ...Object.values(exports)].filter(isAgent)
  return isAgent(exports.default) || new Set(agents).size === 1 ? agents[0] : undefined
}
