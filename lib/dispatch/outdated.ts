import { quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { mismatches, runSchema } from '../core/schema.ts'
import type { Listener } from '../listener/listener.ts'

/**
 * The error of an event that no longer fits the schema of its type; undefined if it fits.
 *
 * Events of a transforming schema are not checked: such a schema cannot validate its own output (decision 0011).
 */
export function outdated({ source }: Pick<Listener, 'source'>, event: StoredEvent): TidingsError | undefined {
  if (event.transformed === true) return undefined
  for (const eventType of source.eventTypes) {
    const { schema } = eventType as { readonly schema?: Parameters<typeof runSchema>[0] }
    if (schema === undefined || eventType.type !== event.type) continue
    const issues = mismatches(runSchema(schema, event.data, `event ${event.seq}`))
    if (issues.length === 0) continue
    const why = issues.map(({ path, message }) => `${path}: ${message}`).join('; ')
    const message = `event ${event.seq} no longer fits the schema of ${quote(event.type)}: ${why}`
    const { type, identifier, seq } = event
    return new TidingsError('TIDINGS_EVENT_OUTDATED', message, {
      details: { type, identifier, seq, path: issues[0]?.path, issues },
    })
  }
  return undefined
}
