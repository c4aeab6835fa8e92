import { compare } from './comparison.ts'
import { not } from './logic.ts'
import { type Ordered, ordered, refuse, type Scalar, scalar } from './operand.ts'
import { instant } from './time.ts'

/** What one field must be: an operator and its operand, a list of them for `in`. */
export type Criterion<T extends Scalar> =
  | readonly ['==' | '!=', T]
  | readonly ['<' | '>', Extract<T, Ordered>]
  | readonly ['in', readonly T[]]

const OPERATORS = ['==', '!=', '<', '>', 'in'] as const
type Operator = (typeof OPERATORS)[number]

/** A checked criterion. */
export interface Condition {
  /** The criterion as a frozen copy. */
  readonly criterion: Criterion<Scalar>
  /** The only values for which it can hold, where the operator lists them. */
  readonly only: readonly Scalar[] | undefined
  /** Whether a field with this value meets the criterion. Never throws. */
  readonly holds: (value: unknown) => boolean
}

/**
 * Checks a criterion of a field that holds values of these kinds, or of any kind. The TypeErrors begin with `who` and
 * show the expected and the given value.
 */
export function condition(who: string, criterion: unknown, kinds?: readonly string[]): Condition {
  if (!Array.isArray(criterion) || criterion.length !== 2) refuse(who, "a pair such as ['==', 'x']", criterion)
  const [operator, operand] = criterion as [Operator, unknown]
  if (!OPERATORS.includes(operator)) refuse(who, `one of the operators ${OPERATORS.join(' ')}`, operator)

  const many = operator === 'in'
  const given: readonly unknown[] = many ? listed(who, operand) : [operand]
  const operands = Object.freeze(given.map((one) => checked(who, operator, one, kinds)))
  return {
    criterion: Object.freeze([operator, many ? operands : operands[0]]) as Criterion<Scalar>,
    only: many || operator === '==' ? operands : undefined,
    holds: predicate(operator, operands),
  }
}

function listed(who: string, operand: unknown): readonly unknown[] {
  return Array.isArray(operand) && operand.length > 0
    ? operand
    : refuse(`${who} in`, 'an array of at least one value', operand)
}

function checked(who: string, operator: Operator, operand: unknown, kinds: readonly string[] | undefined): Scalar {
  const kind = operand instanceof Date ? 'Date' : typeof operand
  if (kinds !== undefined && !kinds.includes(kind)) refuse(who, `a ${kinds.join(' or ')}`, operand)
  return operator === '<' || operator === '>' ? ordered(who, operand) : scalar(who, operand)
}

function predicate(operator: Operator, operands: readonly Scalar[]): (value: unknown) => boolean {
  if (operator === '!=') return not(among(operands))
  if (operator === '==' || operator === 'in') return among(operands)
  const bound = operands[0] as Ordered
  const order = (value: unknown): number => compare(bound instanceof Date ? new Date(instant(value)) : value, bound)
  return operator === '<' ? (value) => order(value) < 0 : (value) => order(value) > 0
}

/** Whether a value is one of the operands, or an instant equal to an operand that is a Date. */
function among(operands: readonly Scalar[]): (value: unknown) => boolean {
  const known = new Set<unknown>(operands)
  const instants = new Set(operands.filter((one) => one instanceof Date).map(Number))
  return (value) => known.has(value) || (instants.size > 0 && instants.has(instant(value)))
}
