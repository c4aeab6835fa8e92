import { signal } from '@preact/signals-core'
import { query } from './text.ts'

/** The views, in the order of the header, with the key that goes there after `g`. */
export const VIEWS = { now: 'n', events: 'e', jobs: 'j', listeners: 'l', graph: 'g' } as const

export type View = keyof typeof VIEWS

/** What a view shows: filters and selection, by name. */
export type Question = Readonly<Record<string, string>>

interface Place {
  readonly view: View
  readonly question: Question
}

/** Where the reader is: all of it is in the address, so it can be sent to someone. */
export const place = signal(placeIn(location.hash))

addEventListener('hashchange', () => {
  place.value = placeIn(location.hash)
})

/** The parts of an address; one that is empty or undefined is left out. */
type Parts = Readonly<Record<string, string | number | undefined>>

/** The address of a view. */
export function addressTo(view: View, parts: Parts = {}): string {
  return `#${view}${query(parts)}`
}

/** The present address, with other parts. */
export function addressWith(change: Parts): string {
  const { view, question } = place.value
  return addressTo(view, { ...question, ...change })
}

/** Goes to an address; `replace`: as a correction of the present one, without a step for "back". */
export function go(address: string, { replace = false } = {}): void {
  if (!replace) return void (location.hash = address)
  history.replaceState(undefined, '', address)
  place.value = placeIn(address)
}

function placeIn(hash: string): Place {
  const [name = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const view = name in VIEWS ? (name as View) : 'now'
  return { view, question: Object.fromEntries(new URLSearchParams(query)) }
}
