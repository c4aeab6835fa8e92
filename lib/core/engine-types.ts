import { brand, isBranded } from './brand.ts'
import type { Draft } from './event.ts'

/** Event types that begin so are the engine's own news; nobody else's drafts may have them. */
export const ENGINE_PREFIX = 'tidings.'

/** What stands in the place of an event that a repair could not find any more. */
export const LOST_EVENT = 'tidings.log.lost'

/** A draft of the engine's own. */
export function engineDraft(type: `${typeof ENGINE_PREFIX}${string}`, identifier: string, data: unknown): Draft {
  return brand('engine-draft', { type, identifier, data })
}

/** Whether a type is the engine's own. */
export function isEngineType(type: string): type is `${typeof ENGINE_PREFIX}${string}` {
  return type.startsWith(ENGINE_PREFIX)
}

/** Whether a draft may have one of the engine's own types. */
export function isEngineDraft(draft: Draft): boolean {
  return isBranded('engine-draft', draft)
}
