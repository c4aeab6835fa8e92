import { isEngineDraft } from '../core/engine-types.ts'
import type { Draft } from '../core/event.ts'
import { toJson } from '../core/json.ts'

/**
 * Copies a draft for a later decision, because the caller may change it in the meantime. Errors are still thrown when a
 * part is read, as without the copy: the data of a duplicate is never read.
 */
export function snapshotDraft(draft: Draft): Draft {
  if (typeof draft !== 'object' || draft === null || isEngineDraft(draft)) return draft
  try {
    const { type, identifier, version, transformed } = draft
    const now: Mutable = { type, identifier, data: undefined }
    if (version !== undefined) now.version = version
    if (transformed) now.transformed = transformed
    takeData(draft, now)
    return now
  } catch {
    return draft
  }
}

type Mutable = { -readonly [K in keyof Draft]: Draft[K] }

function takeData(draft: Draft, now: Mutable): void {
  try {
    now.data = toJson(draft.data)
  } catch (error) {
    const get = (): never => {
      throw error
    }
    Object.defineProperty(now, 'data', { get, enumerable: true })
  }
}
