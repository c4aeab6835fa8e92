import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { JsonSchema } from './json-schema-arbitrary.ts'
import { jsonSchemaOfValibot } from './valibot-structure.ts'

/** The dialect to ask a library for. */
const TARGET = 'draft-2020-12'

/** What the schemas of some libraries have besides `validate`. */
interface Telling {
  readonly '~standard': {
    /** Standard JSON Schema: zod 4.2, arktype 2.1.28 and later. */
    readonly jsonSchema?: { input(options: { readonly target: string }): JsonSchema }
  }
  /** Zod 4. */
  readonly toJSONSchema?: (options: object) => JsonSchema
  /** Arktype 2. */
  readonly toJsonSchema?: (options?: object) => JsonSchema
}

/** The input of a schema as JSON Schema; undefined if it does not tell. */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  const telling = schema as unknown as Telling
  const ways: readonly (() => JsonSchema | undefined)[] = [
    () => telling['~standard'].jsonSchema?.input({ target: TARGET }),
    () => telling.toJSONSchema?.({ io: 'input' }),
    () => telling.toJsonSchema?.(),
    () => jsonSchemaOfValibot(schema),
  ]
  for (const way of ways) {
    try {
      const found = way()
      if (found !== undefined) return found
    } catch {
      // A part that its library cannot express as JSON Schema.
    }
  }
  return undefined
}
