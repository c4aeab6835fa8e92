import { escape } from '../../core/escape.ts'
import type { GraphEdge, GraphNode } from './graph.ts'

/** The name of a node, on one line and without invisible characters. */
export function nameWords({ name }: Pick<GraphNode, 'name'>): string {
  return escape(name)
}

/** What a node says below its name; absent without anything to say. */
export function nodeWords({ schedule, events, lag }: GraphNode): string | undefined {
  if (schedule !== undefined) return escape(schedule)
  if (events !== undefined) return events === 1 ? '1 event' : `${events} events`
  if (lag === undefined) return undefined
  const words = Object.entries(lag).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []))
  return words.join(', ') || 'up to date'
}

/** What an arrow says; absent without a number. */
export function edgeWords({ events, unsure, passed, parked }: GraphEdge): string | undefined {
  if (passed !== undefined) return parked ? `${passed} passed, ${parked} parked` : `${passed} passed`
  return events === undefined ? undefined : `${events}${unsure === true ? '?' : ''}`
}
