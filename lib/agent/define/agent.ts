import { brand, isBranded } from '../../core/brand.ts'
import { defined } from '../../core/defined.ts'
import { describe, quote, TidingsError } from '../../core/errors.ts'
import type { AnyEventType } from '../../core/event-type.ts'
import { checkOptions } from '../../core/options.ts'
import { isJob, type Job } from '../../job/job.ts'
import { isListener, type Listener } from '../../listener/listener.ts'
import { sourceOf } from '../../listener/on.ts'
import { inZone } from '../../schedule/index.ts'
import { checkZone } from '../../schedule/zone.ts'
import { isStream, type Stream } from './stream.ts'

/** A part of an agent: a job, a listener, a stream, or an array of parts. */
export type Part = Job | Listener | Stream | readonly Part[]

/** A named set of jobs and listeners, which `start` runs. Made by `agent(…)`. */
export interface Agent extends AgentOptions {
  /** Discriminates an agent from the other parts. */
  readonly kind: 'agent'
  /** The name of the agent, and of the folder in `.tidings` with its log: letters, digits, `-`, `_` and `.`. */
  readonly name: string
  /** All jobs, including those of its streams. */
  readonly jobs: readonly Job[]
  /** All listeners, including those of its streams. */
  readonly listeners: readonly Listener[]
}

/** What an agent may be given besides its parts. */
export interface AgentOptions {
  /** IANA time zone for schedules that name none; default the system's. */
  readonly timezone?: string
}

/** The jobs and listeners of an agent, flattened out of arrays and streams. */
export interface FlatParts {
  readonly jobs: readonly Job[]
  readonly listeners: readonly Listener[]
  readonly eventTypes: readonly UsedType[]
}

/** An event type that a part refers to by value. */
export interface UsedType {
  readonly eventType: AnyEventType
  /** The part, for error messages: `job "sync"`. */
  readonly by: string
}

/**
 * Combines jobs, listeners and streams under a name. The agent keeps its log in the folder of that name in `.tidings`.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for an invalid part, and for two jobs, two listeners or two event types
 *   of one name; `TIDINGS_SCHEDULE_INVALID` for an unknown time zone
 *
 * @example
 * ```ts
 * import { agent, eventType, every, job, listener, on } from 'tidings'
 *
 * const tick = eventType('tick').of<{ n: number }>()
 * export default agent('clockwork', [
 *   job('tick', every(2).seconds, ({ slot }) => tick(slot.toISOString(), { n: slot.getSeconds() })),
 *   listener('tock', on(tick), (event) => console.log(event.data.n)),
 * ])
 * ```
 */
export function agent(name: string, parts: readonly Part[], options: AgentOptions = {}): Agent {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw invalid(`the name of an agent must be letters, digits, -, _ and . (it names a folder), got ${describe(name)}`)
  }
  checkOptions(options, { timezone: true }, 'TIDINGS_AGENT_INVALID', `of agent ${quote(name)}`)
  const { timezone } = options
  if (timezone !== undefined) checkZone(timezone)
  const { jobs, listeners, eventTypes } = flatten(name, parts, timezone)
  rejectTwins(name, 'jobs', jobs)
  rejectTwins(name, 'listeners', listeners)
  rejectTypeTwins(name, eventTypes)
  return brand('agent', { kind: 'agent', name, jobs, listeners, ...defined({ timezone }) })
}

/** Whether `value` is an agent, of this copy of the package or another. */
export function isAgent(value: unknown): value is Agent {
  return isBranded('agent', value)
}

/** Flattens arrays and streams into their parts; rejects an invalid part and names its position. */
export function flatten(name: string, parts: unknown, timezone?: string): FlatParts {
  const jobs: Job[] = []
  const listeners: Listener[] = []
  const eventTypes: UsedType[] = []
  const uses = (by: string, types: readonly AnyEventType[]): void =>
    void eventTypes.push(...types.map((eventType) => ({ eventType, by })))
  const add = (part: unknown, place: string): void => {
    if (Array.isArray(part)) part.forEach((each, i) => add(each, `${place}[${i}]`))
    else if (isJob(part)) {
      jobs.push(zoned(part, timezone))
      uses(`job ${quote(part.name)}`, part.settings.publishes)
    } else if (isListener(part)) {
      listeners.push(part)
      uses(`listener ${quote(part.name)}`, part.source.eventTypes)
    } else if (isStream(part)) {
      uses(`stream ${quote(part.name)}`, part.eventTypes)
      add([...part.jobs, ...part.listeners], place)
    } else throw invalid(`${place} of agent ${quote(name)} must be a job, a listener or a stream, got ${found(part)}`)
  }
  add(parts, 'parts')
  return { jobs, listeners, eventTypes }
}

/** Rejects two parts of one kind with one name: they would share a cursor, or a slot. */
export function rejectTwins(
  agent: string,
  kind: 'jobs' | 'listeners',
  parts: readonly { readonly name: string }[],
): void {
  const seen = new Set<string>()
  for (const { name } of parts) {
    if (seen.has(name)) {
      const hint = 'rename one, or give the stream that it comes from another name: { as: … }'
      throw invalid(`agent ${quote(agent)} has two ${kind} named ${quote(name)}: ${hint}`)
    }
    seen.add(name)
  }
}

/** Rejects two event types with one name: they may differ in schema or versions, and the log can't tell them apart. */
export function rejectTypeTwins(agent: string, used: readonly UsedType[]): void {
  const seen = new Map<string, UsedType>()
  for (const each of used) {
    const name = each.eventType.type as string
    const other = seen.get(name)
    if (other === undefined) seen.set(name, each)
    else if (other.eventType !== each.eventType) {
      const where = other.by === each.by ? `both in ${each.by}` : `in ${other.by} and in ${each.by}`
      const hint = `define it once and import it, or listen by its name: on(${quote(name)})`
      throw invalid(`agent ${quote(agent)} has two event types named ${quote(name)}, ${where}: ${hint}`)
    }
  }
}

// The name must not lead to a folder outside `.tidings`.
const NAME = /^(?!\.+$)[\p{L}\p{N}._-]+$/u

function zoned(job: Job, timezone: string | undefined): Job {
  return timezone === undefined ? job : brand('job', { ...job, schedule: inZone(job.schedule, timezone) })
}

function found(part: unknown): string {
  if (sourceOf(part) !== undefined) return 'on(…), which is unfinished: give it to listener(name, on(…), handler)'
  if (isBranded('stream-factory', part)) return 'a stream that was not called: write git({ … })'
  return describe(part)
}

function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_AGENT_INVALID', message)
}
