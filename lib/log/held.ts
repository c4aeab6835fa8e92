import type { Draft } from '../core/event.ts'
import { toJson } from '../core/json.ts'
import { isOwnDraft } from '../core/own.ts'

/**
 * A draft as it is now, for a decision that comes later: whoever made it may change it meanwhile. What is wrong with it
 * is said when it is looked at, as ever: the data of a duplicate is not.
 */
export function held(draft: Draft): Draft {
  if (typeof draft !== 'object' || draft === null || isOwnDraft(draft)) return draft
  try {
    const { type, identifier, version, transformed } = draft
    const options = { ...(version === undefined ? {} : { version }), ...(transformed ? { transformed } : {}) }
    return Object.defineProperty({ type, identifier, ...options }, 'data', dataOf(draft)) as Draft
  } catch {
    return draft
  }
}

function dataOf(draft: Draft): PropertyDescriptor {
  try {
    return { value: toJson(draft.data), enumerable: true }
  } catch (error) {
    const get = (): never => {
      throw error
    }
    return { get, enumerable: true }
  }
}
