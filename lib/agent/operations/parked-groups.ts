import type { Log } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { knownListener } from './known.ts'
import { MOST_READ } from './most-read.ts'
import { steerable } from './steerable.ts'

/** Parked events of one listener, whose last attempts failed alike. */
export interface ParkedGroup {
  /** The listener that parked them. */
  readonly listener: string
  /** The name of their errors. */
  readonly error: string
  /** The code of their errors; absent if they have none. */
  readonly code?: string
  /** The type of the events. */
  readonly type: string
  /** How many there are. */
  readonly count: number
  /** When the first of them was parked, in ISO format. */
  readonly first: string
  /** When the last of them was parked, in ISO format. */
  readonly last: string
  /** The message of the last error, at most 500 characters. */
  readonly message: string
  /** The seq of the event that was parked last. */
  readonly newest: number
  /** Present if the listener has more parked events than were looked at, so that groups may be larger. */
  readonly more?: true
}

/** The longest message of a group, in characters. */
const LONGEST = 500

/** The most groups of a listener; the rest is left out. */
const MOST_GROUPS = 1000

/** The parked events by listener, error and type, largest group first. */
export async function parkedGroups(log: Log, agent?: AgentControl, listener?: string): Promise<ParkedGroup[]> {
  if (listener !== undefined) await knownListener(log, listener)
  const all: ParkedGroup[] = []
  let left = MOST_READ
  for await (const { name, lag } of log.consumers()) {
    if (lag.parked === 0 || (listener !== undefined && name !== listener)) continue
    const { groups, scanned } = await groupsOf(log, agent, name, left)
    left -= scanned
    all.push(...groups)
  }
  return all.sort((a, b) => b.count - a.count || (nameOf(a) < nameOf(b) ? -1 : 1))
}

function nameOf({ listener, error, code, type }: ParkedGroup): string {
  return JSON.stringify([listener, error, code, type])
}

type Changing = { -readonly [K in keyof ParkedGroup]: ParkedGroup[K] }

async function groupsOf(
  log: Log,
  agent: AgentControl | undefined,
  listener: string,
  most: number,
): Promise<{ readonly groups: readonly ParkedGroup[]; readonly scanned: number }> {
  const groups = new Map<string, Changing>()
  let scanned = 0
  let isMore = false
  await steerable(log, agent, listener).steer(async (consumer) => {
    for await (const { event, at, error } of consumer.parked()) {
      isMore = scanned === most
      if (isMore) return
      scanned += 1
      const { name, code, message } = error
      const key = JSON.stringify([name, code, event.type])
      const time = new Date(at).toISOString()
      const group = groups.get(key)
      const newest = { message: message.slice(0, LONGEST), newest: event.seq }
      if (group === undefined) {
        if (groups.size === MOST_GROUPS) continue
        const which = { listener, error: name, ...(code === undefined ? {} : { code }), type: event.type }
        groups.set(key, { ...which, count: 1, first: time, last: time, ...newest })
        continue
      }
      group.count += 1
      if (time < group.first) group.first = time
      if (time >= group.last) Object.assign(group, { last: time, ...newest })
    }
  })
  const marked = isMore ? ({ more: true } as const) : {}
  return { groups: [...groups.values()].map((group) => ({ ...group, ...marked })), scanned }
}
