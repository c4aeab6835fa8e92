import { brand, isBranded } from './brand.ts'
import type { Draft } from './event.ts'

/** Event types that begin so are the engine's own news; nobody else's drafts may have them. */
export const ENGINE_TYPES = 'tidings.'

/** What stands in the place of an event that a repair could not find any more. */
export const LOST = 'tidings.log.lost'

/** A draft of the engine's own. */
export function engineDraft(type: `${typeof ENGINE_TYPES}${string}`, identifier: string, data: unknown): Draft {
  return brand('own-draft', { type, identifier, data })
}

/** Whether a type is the engine's own. */
export function isEngineType(type: string): type is `${typeof ENGINE_TYPES}${string}` {
  return type.startsWith(ENGINE_TYPES)
}

/** Whether a draft may have one of the engine's own types. */
export function isEngineDraft(draft: Draft): boolean {
  return isBranded('own-draft', draft)
}
