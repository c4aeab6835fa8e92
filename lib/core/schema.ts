import type { StandardSchemaV1 } from '@standard-schema/spec'
import { asError, describe, quote, TidingsError } from './errors.ts'

/** An objection of a schema to a value. */
export interface Mismatch {
  /** The place in the value, such as `labels.0.at`; empty for the value itself. */
  readonly path: string
  readonly message: string
}

/**
 * Validates data with a schema and returns its output.
 *
 * @throws TidingsError `TIDINGS_SCHEMA_FAILED`, which names type, identifier and each mismatch; `TIDINGS_SCHEMA_ASYNC`
 */
export function validate(schema: StandardSchemaV1, value: unknown, of: { type: string; identifier: string }): unknown {
  const draft = `${quote(of.type)} ${quote(String(of.identifier))}`
  const result = runSchema(schema, value, draft)
  if (result.issues === undefined) return result.value
  const found = mismatches(result)
  const what = found.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new TidingsError('TIDINGS_SCHEMA_FAILED', `${draft}: ${what}`, {
    details: { ...of, path: found[0]?.path ?? '', issues: found },
  })
}

/** Whether a schema accepts a value. A schema that converts text to numbers may throw when it is given a number. */
export function fits(schema: StandardSchemaV1, value: unknown): boolean {
  try {
    return runSchema(schema, value, '').issues === undefined
  } catch {
    return false
  }
}

/** Lists the objections of a schema; empty if the value fits. */
export function mismatches(result: StandardSchemaV1.Result<unknown>): readonly Mismatch[] {
  return (result.issues ?? []).map(({ path = [], message }) => ({
    path: path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.'),
    message,
  }))
}

/**
 * Runs a schema on a value; `what` names the value in errors.
 *
 * @throws TidingsError `TIDINGS_SCHEMA_ASYNC` when the schema returns a promise: drafts are created synchronously;
 *   `TIDINGS_SCHEMA_FAILED` when it throws, or returns something other than a result
 */
export function runSchema(schema: StandardSchemaV1, value: unknown, what: string): StandardSchemaV1.Result<unknown> {
  const result = callSchema(schema, value, what)
  if (typeof result !== 'object' || result === null) {
    throw new TidingsError('TIDINGS_SCHEMA_FAILED', `${what}: its schema must return a result, got ${describe(result)}`)
  }
  if (!('then' in result)) return result as StandardSchemaV1.Result<unknown>
  Promise.resolve(result).catch(() => undefined)
  throw new TidingsError('TIDINGS_SCHEMA_ASYNC', `${what}: its schema must be synchronous, got a promise`)
}

function callSchema(schema: StandardSchemaV1, value: unknown, what: string): unknown {
  try {
    return schema['~standard'].validate(value)
  } catch (error) {
    const words = `${what}: its schema threw ${asError(error).message}`
    throw new TidingsError('TIDINGS_SCHEMA_FAILED', words, { cause: error })
  }
}
