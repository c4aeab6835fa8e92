import type { Criterion } from '../../filter/criterion.ts'
import { type Matching, matching } from '../../filter/matching.ts'
import type { Scalar } from '../../filter/operand.ts'
import { read } from '../../filter/path.ts'
import { isTest, type Test } from '../../filter/test.ts'

/** How a test came to its verdict on a value. */
export interface ExplainedTest {
  /** The test as code. */
  readonly test: string
  readonly holds: boolean
  /** The value that it looked at, as short JSON; absent for a test that is made of others. */
  readonly value?: string
  /** The tests that it is made of. */
  readonly parts?: readonly ExplainedTest[]
}

/** The longest text of a value or of a function, in characters. */
const LONGEST = 200

/** Tests a value again, and says how each part of the test found it. */
export function explainTest(test: Test<unknown>, value: unknown): ExplainedTest {
  const holds = test(value)
  const [name, operands = []] = isTest(test) ? [test.name, test.operands] : ['']
  const whole = { test: codeOf(test), holds }
  if (name === 'at') {
    const [path, inner] = operands as readonly [string, Test<unknown>]
    const { parts, value: found } = explainTest(inner, read(value, path))
    return { ...whole, ...(parts === undefined ? { value: found ?? 'undefined' } : { parts }) }
  }
  if (name === 'all' || name === 'any' || name === 'not')
    return { ...whole, parts: (operands as readonly Test<unknown>[]).map((part) => explainTest(part, value)) }
  if (name === 'matching') return { ...whole, parts: criteriaOf(test as Matching, value) }
  return { ...whole, value: shortText(value) }
}

function criteriaOf({ criteria }: Matching, event: unknown): readonly ExplainedTest[] {
  return (Object.entries(criteria) as [string, Criterion<Scalar>][]).map(([field, criterion]) => {
    const path = field === 'event_type' ? 'type' : field
    const [operator, operand] = criterion
    const holds = matching({ [field]: criterion })(event)
    return { test: `${field} ${operator} ${shortText(operand)}`, holds, value: shortText(read(event, path)) }
  })
}

/** A test, an operator or any other function as code, on one line. */
export function codeOf(given: unknown): string {
  return cut(String(given).replaceAll(/\s+/g, ' '))
}

/** A value as JSON that is cut after 200 characters. */
export function shortText(value: unknown): string {
  try {
    return cut(JSON.stringify(value) ?? String(value))
  } catch {
    return 'a value that is not JSON'
  }
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
