import type { Agent } from '../define/agent.ts'
import type { Seen } from './seen.ts'

/** Every rule by its code, in alphabetical order. Codes are stable; docs/lint.md explains them. */
export const lintRules = {
  'event-unheard': 'no listener hears what a job publishes',
  'filter-never': 'no event passes the filters of a listener',
  'listener-loop': 'a listener publishes what it hears',
  'listener-unfed': 'no job publishes what a listener hears',
  'operator-memory': 'an operator looks across events, but sees each one alone',
  'schedule-never': 'a schedule has no further slot',
} as const

/** The stable code of a rule. */
export type LintCode = keyof typeof lintRules

/** A mistake in an agent. */
export interface Finding {
  readonly code: LintCode
  /** The part that it is in: `listener "mail"`. */
  readonly part: string
  /** One sentence: what is wrong. */
  readonly message: string
  /** One sentence: what to do. */
  readonly fix: string
}

/** What the rules look at. */
export interface Inspected {
  readonly agent: Agent
  /** The time, in ms since the epoch. */
  readonly now: number
  /** What the log knows; absent without a log. */
  readonly seen?: Seen | undefined
}

/** A job, as findings name it. */
export function jobTitle({ name }: { readonly name: string }): string {
  return `job ${JSON.stringify(name)}`
}

/** A listener, as findings name it. */
export function listenerTitle({ name }: { readonly name: string }): string {
  return `listener ${JSON.stringify(name)}`
}

/** `"a", "b" and "c"`. */
export function listed(words: readonly string[], last = 'and'): string {
  const quoted = words.map((word) => JSON.stringify(word))
  if (quoted.length < 2) return quoted.join('')
  return `${quoted.slice(0, -1).join(', ')} ${last} ${quoted.at(-1)}`
}
