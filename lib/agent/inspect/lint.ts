import { type Finding, type Inspected, jobTitle, type LintCode, listenerTitle } from './finding.ts'
import { neverHolding } from './lint-filters.ts'
import { loops } from './lint-loops.ts'
import { blindOperators } from './lint-operators.ts'
import { neverRunning } from './lint-schedules.ts'
import { unfed, unheard } from './lint-types.ts'

type Rule = (inspected: Inspected) => readonly Omit<Finding, 'code'>[]

const checks: Readonly<Record<LintCode, Rule>> = {
  'event-unheard': unheard,
  'filter-never': neverHolding,
  'listener-loop': loops,
  'listener-unfed': unfed,
  'operator-memory': blindOperators,
  'schedule-never': neverRunning,
}

/**
 * The mistakes in an agent, by part and code. Only certain ones: where something is unknown, such as what a job without
 * `publishes` publishes, the agent gets the benefit of the doubt.
 */
export function lint(inspected: Inspected): readonly Finding[] {
  const { jobs, listeners } = inspected.agent
  const parts = [...jobs.map(jobTitle), ...listeners.map(listenerTitle)]
  const place = ({ part }: Finding): number => (parts.includes(part) ? parts.indexOf(part) : parts.length)
  return Object.entries(checks)
    .flatMap(([code, check]) => check(inspected).map((found) => ({ code: code as LintCode, ...found })))
    .toSorted((a, b) => place(a) - place(b))
}
