import { brand } from '../../core/brand.ts'
import { type Agent, agent } from '../define/agent.ts'

/**
 * The listeners of an agent, without its jobs: for events that are in a log already.
 *
 * @param acts whether their handlers do what they do, or nothing
 */
export function listeningAgent({ name, listeners, timezone }: Agent, acts: boolean): Agent {
  const parts = acts ? listeners : listeners.map((each) => brand('listener', { ...each, handle: () => undefined }))
  return agent(name, parts, timezone === undefined ? {} : { timezone })
}
