import type { StandardSchemaV1 } from '@standard-schema/spec'
import { quote, TidingsError } from './errors.ts'

/** What a schema refused: where in the value, and why. */
export interface Mismatch {
  readonly path: string
  readonly message: string
}

/**
 * What the schema makes of `value`.
 *
 * @throws TidingsError `TIDINGS_SCHEMA_FAILED`, naming type, identifier, and each path with what is wrong there
 */
export function validate(schema: StandardSchemaV1, value: unknown, of: { type: string; identifier: string }): unknown {
  const result = check(schema, value)
  if (result.issues === undefined) return result.value
  const found = mismatches(result)
  const what = found.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new TidingsError('TIDINGS_SCHEMA_FAILED', `${quote(of.type)} ${quote(String(of.identifier))}: ${what}`, {
    details: { ...of, path: found[0]?.path ?? '', issues: found },
  })
}

/** Whether `value` fits the schema as it is. */
export function fits(schema: StandardSchemaV1, value: unknown): boolean {
  return check(schema, value).issues === undefined
}

/** What a schema has against `value`; empty when it fits. */
export function mismatches(result: StandardSchemaV1.Result<unknown>): readonly Mismatch[] {
  return (result.issues ?? []).map(({ path = [], message }) => ({
    path: path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.'),
    message,
  }))
}

/**
 * Asks the schema.
 *
 * @throws TidingsError `TIDINGS_SCHEMA_ASYNC`: a draft is made in one step, so its schema has to answer at once
 */
export function check(schema: StandardSchemaV1, value: unknown): StandardSchemaV1.Result<unknown> {
  const result = schema['~standard'].validate(value)
  if (!(result instanceof Promise)) return result
  result.catch(() => undefined)
  throw new TidingsError(
    'TIDINGS_SCHEMA_ASYNC',
    'the schema of an event type must answer at once, and it returned a promise',
  )
}
