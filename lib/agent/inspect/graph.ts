import { isEngineType } from '../../core/engine-types.ts'
import type { Listener } from '../../listener/listener.ts'
import { typeTest } from '../../log/type-names.ts'
import { scheduleWords } from '../../schedule/schedule.ts'
import type { Agent } from '../define/agent.ts'
import { hears } from './hears.ts'
import type { ListenerFlow, Seen } from './seen.ts'

/** A job, an event type or a listener. A pattern or `*` stands for types that are not known yet. */
export interface GraphNode {
  /** Unique in the graph: `job poll`. */
  readonly id: string
  readonly kind: 'job' | 'event' | 'listener'
  readonly name: string
  /** Of a job: its schedule, in words. */
  readonly schedule?: string
  /** Of an event type: how many events of it the log has; absent without a log. */
  readonly events?: number
  /** Of a listener: how many events are before it, at it, or set aside; absent if no log knows it. */
  readonly lag?: {
    readonly behind: number
    readonly running: number
    readonly retrying: number
    readonly parked: number
  }
}

/** An arrow: a job publishes events, a listener hears them, or publishes them in answer (`causes`). */
export interface GraphEdge {
  /** Ids of nodes. */
  readonly from: string
  readonly to: string
  readonly kind: 'publishes' | 'hears' | 'causes'
  /** Of `publishes` and `causes`: how many events; absent without a log. */
  readonly events?: number
  /** Of `causes`: whether another listener may have published them, as several hear their cause. */
  readonly unsure?: true
  /** Of `hears`: how many events the listener has passed and parked; absent if no log knows it. */
  readonly passed?: number
  readonly parked?: number
}

/** The way of events through an agent. */
export interface Graph {
  readonly agent: string
  /** Whether it has numbers from a log. */
  readonly seen: boolean
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** The graph of an agent: what its jobs and listeners declare and, with a log, what has happened. */
export function graphOf(agent: Pick<Agent, 'name' | 'jobs' | 'listeners'>, seen?: Seen): Graph {
  const { jobs, listeners } = agent
  const types = typesOf(agent, seen)
  const events = seen?.flow.events ?? []
  const count = (of: (row: (typeof events)[number]) => boolean): { readonly events?: number } =>
    seen === undefined ? {} : { events: events.filter(of).reduce((sum, row) => sum + row.count, 0) }

  const lags = new Map(
    seen?.listeners.map(({ name, behind, running, retrying, parked }) => [name, { behind, running, retrying, parked }]),
  )
  const nodes: readonly GraphNode[] = [
    ...jobs.map(({ name, schedule }) => ({ ...node('job', name), schedule: scheduleWords(schedule) })),
    ...types.map((type) => ({ ...node('event', type), ...count((row) => row.type === type) })),
    ...listeners.map(({ name }) => {
      const lag = lags.get(name)
      return { ...node('listener', name), ...(lag === undefined ? {} : { lag }) }
    }),
  ]
  const published = jobs.flatMap(({ name, settings }) => {
    const declared = settings.publishes.map(({ type }) => type as string)
    const told = events.filter(({ job }) => job === name).map(({ type }) => type)
    return [...new Set([...declared, ...told])].map((type) => ({
      ...arrow('publishes', ['job', name], ['event', type]),
      ...count((row) => row.job === name && row.type === type),
    }))
  })
  return {
    agent: agent.name,
    seen: seen !== undefined,
    nodes,
    edges: [...published, ...listeners.flatMap((each) => heard(each, types, seen)), ...caused(listeners, seen)],
  }
}

function node(kind: GraphNode['kind'], name: string): Pick<GraphNode, 'id' | 'kind' | 'name'> {
  return { id: `${kind} ${name}`, kind, name }
}

type End = readonly [kind: GraphNode['kind'], name: string]

function arrow(kind: GraphEdge['kind'], from: End, to: End): Pick<GraphEdge, 'from' | 'to' | 'kind'> {
  return { from: from.join(' '), to: to.join(' '), kind }
}

/** The event types of an agent: those that its parts name, and those in the log that they publish or hear. */
function typesOf({ jobs, listeners }: Pick<Agent, 'jobs' | 'listeners'>, seen: Seen | undefined): readonly string[] {
  const names = new Set(jobs.map(({ name }) => name))
  const isHeard = (type: string): boolean => listeners.some((listener) => hears(listener, type))
  const declared = jobs.flatMap(({ settings }) => settings.publishes.map(({ type }) => type as string))
  const named = listeners.flatMap(({ source }) => source.types ?? []).filter((type) => !type.includes('*'))
  const told = (seen?.flow.events ?? []).filter(
    ({ type, job, cause }) =>
      (job !== undefined && names.has(job)) ||
      isHeard(type) ||
      (cause !== undefined && isHeard(cause) && !isEngineType(type)),
  )
  const known = [...new Set([...declared, ...named, ...told.map(({ type }) => type)])]
  const unmatched = listeners
    .flatMap(({ source }) => source.types?.filter((type) => type.includes('*')) ?? (source.types ? [] : ['*']))
    .filter((pattern) => !known.some(typeTest([pattern])))
  return [...new Set([...known, ...unmatched])]
}

function heard(listener: Listener, types: readonly string[], seen: Seen | undefined): readonly GraphEdge[] {
  const rows = new Map<string, ListenerFlow>()
  for (const row of seen?.flow.listeners ?? []) if (row.listener === listener.name) rows.set(row.type, row)
  const isKnown = seen?.listeners.some(({ name }) => name === listener.name) === true
  return types
    .filter((type) => hears(listener, type))
    .map((type) => {
      const { passed = 0, parked = 0 } = rows.get(type) ?? {}
      return { ...arrow('hears', ['event', type], ['listener', listener.name]), ...(isKnown ? { passed, parked } : {}) }
    })
}

/** What listeners published in answer, by the causes in the log. The engine's announcements are not theirs. */
function caused(listeners: readonly Listener[], seen: Seen | undefined): readonly GraphEdge[] {
  const arrows = new Map<string, GraphEdge>()
  for (const { type, cause, count } of seen?.flow.events ?? []) {
    if (cause === undefined || isEngineType(type)) continue
    const may = listeners.filter((listener) => hears(listener, cause))
    for (const { name } of may) {
      const made = arrow('causes', ['listener', name], ['event', type])
      const key = JSON.stringify(made)
      const before = arrows.get(key)
      const unsure = may.length > 1 || before?.unsure === true
      arrows.set(key, { ...made, events: (before?.events ?? 0) + count, ...(unsure ? { unsure } : {}) })
    }
  }
  return [...arrows.values()]
}
