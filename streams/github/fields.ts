/** Reads parts of an answer that may be anything: what does not fit is undefined. */

/** Characters per text: an event then fits the log's 256 KiB, however they are escaped. */
const MOST_CHARACTERS = 8000

/** Characters per identifier; GitHub's are numbers of a dozen digits. */
const MOST_OF_AN_ID = 100

/** The members of an object; none if it is anything else. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

/** Text, well-formed and capped. */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MOST_CHARACTERS).toWellFormed() : undefined
}

/** A date, as ISO 8601 in UTC. */
export function dateIn(value: unknown): string | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** An identifier: a whole number (also one beyond 2^53, which Octokit reads as a bigint) or a short word. */
export function idIn(value: unknown): string | undefined {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && /^[\w-]+$/.test(value) && value.length <= MOST_OF_AN_ID ? value : undefined
}

/** The address of a page for people. */
export function pageIn(value: unknown): string | undefined {
  const address = textIn(value)
  return address !== undefined && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
    ? address
    : undefined
}

/**
 * Begins identifiers with the host that a page is on, unless it is github.com: two servers count from 1. Taken from what
 * the server says about itself, so that a proxy or another address of the same server changes nothing.
 */
export function atHost(page: string, id: string): string {
  const { host } = new URL(page)
  return host === 'github.com' ? id : `${host} ${id}`
}

/** A whole number. */
export function wholeIn(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

/** The name of a user; empty for one whose account was deleted. */
export function loginIn(value: unknown): string {
  return textIn(membersOf(value)['login']) ?? ''
}

/** The names of labels, at most 100. */
export function labelsIn(value: unknown): readonly string[] {
  const labels = Array.isArray(value) ? value.slice(0, 100) : []
  return labels.map((one) => (textIn(one) ?? textIn(membersOf(one)['name']) ?? '').slice(0, 100)).filter(isThere)
}

function isThere(text: string): boolean {
  return text !== ''
}
