import { isEngineType } from '../../core/engine-types.ts'
import { type Finding, type Inspected, listed, listenerTitle } from './finding.ts'
import { hears } from './hears.ts'
import type { EventFlow } from './seen.ts'

/**
 * Listeners that published an event of a type that they hear, as the causes in the log show. What a handler publishes is
 * known from nowhere else. Once a newer event of the type came from elsewhere, and none followed it, the loop counts as
 * repaired.
 */
export function loops({ agent, seen }: Inspected): readonly Omit<Finding, 'code'>[] {
  const events = seen?.flow.events ?? []
  return events.filter(isLoop).flatMap(({ type, count, last }) => {
    const newest = Math.max(0, ...events.filter((each) => each.type === type && !isLoop(each)).map((each) => each.last))
    const hearing = agent.listeners.filter((listener) => hears(listener, type))
    if (hearing.length === 0 || newest > last) return []
    const [only] = hearing
    const part = hearing.length === 1 && only !== undefined ? listenerTitle(only) : `event type ${JSON.stringify(type)}`
    const who = hearing.length === 1 ? 'It' : `One of ${listed(hearing.map(({ name }) => name))}`
    const times = count === 1 ? 'once' : `${count} times`
    return [
      {
        part,
        message: `${who} hears ${JSON.stringify(type)} and published it in answer, ${times} so far: the engine ends such a loop after 8 events.`,
        fix: "Publish another type, or leave out the events that it caused: where('cause', not(exists)).",
      },
    ]
  })
}

// The engine's announcements have the event that they are about as their cause.
function isLoop({ type, cause }: EventFlow): boolean {
  return type === cause && !isEngineType(type)
}
