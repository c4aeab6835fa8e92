import type { StandardSchemaV1 } from '@standard-schema/spec'
import { asError, describe, quote, TidingsError } from './errors.ts'

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
  const draft = `${quote(of.type)} ${quote(String(of.identifier))}`
  const result = runSchema(schema, value, draft)
  if (result.issues === undefined) return result.value
  const found = mismatches(result)
  const what = found.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new TidingsError('TIDINGS_SCHEMA_FAILED', `${draft}: ${what}`, {
    details: { ...of, path: found[0]?.path ?? '', issues: found },
  })
}

/** Whether `value` fits the schema as it is. One that turns texts into numbers may well throw when it is given a number. */
export function fits(schema: StandardSchemaV1, value: unknown): boolean {
  try {
    return runSchema(schema, value, '').issues === undefined
  } catch {
    return false
  }
}

/** What a schema has against `value`; empty when it fits. */
export function mismatches(result: StandardSchemaV1.Result<unknown>): readonly Mismatch[] {
  return (result.issues ?? []).map(({ path = [], message }) => ({
    path: path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.'),
    message,
  }))
}

/**
 * Asks the schema of `what`.
 *
 * @throws TidingsError `TIDINGS_SCHEMA_ASYNC`: a draft is made in one step, so its schema has to answer at once;
 *   `TIDINGS_SCHEMA_FAILED`: it throws, or gives no answer
 */
export function runSchema(schema: StandardSchemaV1, value: unknown, what: string): StandardSchemaV1.Result<unknown> {
  const result = callSchema(schema, value, what)
  if (typeof result !== 'object' || result === null) {
    throw new TidingsError(
      'TIDINGS_SCHEMA_FAILED',
      `${what}: its schema answered ${describe(result)}, which is no result`,
    )
  }
  if (!('then' in result)) return result as StandardSchemaV1.Result<unknown>
  Promise.resolve(result).catch(() => undefined)
  throw new TidingsError('TIDINGS_SCHEMA_ASYNC', `${what}: its schema must answer at once, and it returned a promise`)
}

function callSchema(schema: StandardSchemaV1, value: unknown, what: string): unknown {
  try {
    return schema['~standard'].validate(value)
  } catch (error) {
    const words = `${what}: its schema threw ${asError(error).message}`
    throw new TidingsError('TIDINGS_SCHEMA_FAILED', words, { cause: error })
  }
}
