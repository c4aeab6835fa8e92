import { brand, isBranded } from './brand.ts'
import type { Draft } from './event.ts'

/** Event types with this prefix are the engine's own; drafts of users must not have it. Decision 0012. */
export const ENGINE_PREFIX = 'tidings.'

/** The type of the event in the place of one that is lost, and of the event that tells of several. */
export const LOST_EVENT = 'tidings.log.lost'

/** Creates a draft with a type of the engine's own. */
export function engineDraft(type: `${typeof ENGINE_PREFIX}${string}`, identifier: string, data: unknown): Draft {
  return brand('engine-draft', { type, identifier, data })
}

/** Whether a type is the engine's own. */
export function isEngineType(type: string): type is `${typeof ENGINE_PREFIX}${string}` {
  return type.startsWith(ENGINE_PREFIX)
}

/** Whether the engine made this draft, so that it may have a type of the engine's own. */
export function isEngineDraft(draft: Draft): boolean {
  return isBranded('engine-draft', draft)
}
