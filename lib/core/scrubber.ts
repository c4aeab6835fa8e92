import { type Spellings, spellingsByStart, spellingsOf } from './spellings.ts'

/** The shortest value to replace, in characters; shorter ones would blot out ordinary words. */
const SHORTEST = 4

/** The shortest line of a value that is replaced by itself, in characters: `}` or `null` reveals nothing. */
const SHORTEST_LINE = 8

/** A value, plain or in base64 or hex: one character after another, each in any of its spellings. */
type Pattern = readonly Spellings[]

/** A part of a text: `to` is the first index after it. */
interface Range {
  readonly from: number
  readonly to: number
}

/**
 * Replaces the values that it has learned in any text.
 *
 * It looks for a value character by character, each in any spelling that `spellingsOf` knows, so it also finds mixed forms
 * such as a URL in JSON in HTML.
 */
export class Scrubber {
  readonly #patterns = new Map<string, Pattern[]>()
  /** Marks the two characters that a value may begin with, in any spelling. */
  readonly #pairs = new Uint8Array(2 ** 16)

  /** Learns a value, and its longer lines by themselves. */
  learn(value: string): void {
    if (value.length < SHORTEST) return
    const lines = value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE)
    const patterns = [...new Set([value, ...lines])].flatMap((each) => [plain(each), hex(each), ...base64(each)])
    for (const pattern of patterns) this.#add(pattern)
  }

  #add(pattern: Pattern): void {
    const [first] = pattern
    if (first === undefined || pattern.length < SHORTEST) return
    for (const [one, two] of beginningsOf(pattern)) this.#pairs[pairOf(one, two)] = 1
    for (const begin of first.keys()) {
      const others = this.#patterns.get(begin)
      if (others === undefined) this.#patterns.set(begin, [pattern])
      else others.push(pattern)
    }
  }

  /** Replaces each learned value by `[secret]`. */
  scrub(text: string): string {
    const { whole } = this.#find(text)
    if (whole.length === 0) return text
    let from = 0
    let left = ''
    for (const part of whole) {
      left += `${text.slice(from, part.from)}[secret]`
      from = part.to
    }
    return left + text.slice(from)
  }

  /** The number of characters at the end of a text that may be the beginning of a value, if more text follows. */
  partialAtEnd(text: string): number {
    const { whole, open } = this.#find(text)
    // A place inside a complete value does not begin another.
    const at = open.find((place) => !whole.some(({ from, to }) => from < place && place < to))
    return at === undefined ? 0 : text.length - at
  }

  /** Finds complete values, merged where they overlap, and the places where an incomplete one may begin (`open`). */
  #find(text: string): { readonly whole: readonly Range[]; readonly open: readonly number[] } {
    const whole: Range[] = []
    const open: number[] = []
    if (this.#patterns.size === 0) return { whole, open }
    let lower: string | undefined
    for (const at of this.#candidates(text)) {
      const patterns = this.#patterns.get(text.charAt(at))
      if (patterns === undefined) continue
      lower ??= text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
      let end = -1
      let isOpen = false
      for (const pattern of patterns) {
        const match = matchAt(pattern, text, lower, at)
        end = Math.max(end, match.end)
        isOpen ||= match.open
      }
      if (isOpen) open.push(at)
      const last = whole.at(-1)
      if (end < 0) continue
      if (last !== undefined && at < last.to) whole[whole.length - 1] = { from: last.from, to: Math.max(last.to, end) }
      else whole.push({ from: at, to: end })
    }
    return { whole, open }
  }

  // Two characters rule out most places.
  *#candidates(text: string): Generator<number> {
    const last = text.length - 1
    for (let at = 0; at < last; at++)
      if (this.#pairs[pairOf(text.charCodeAt(at), text.charCodeAt(at + 1))] === 1) yield at
    if (last >= 0) yield last
  }
}

/** The index of two characters; some pairs share one. */
function pairOf(one: number, two: number): number {
  return ((one & 0xff) << 8) | (two & 0xff)
}

function* beginningsOf([first, second]: Pattern): Generator<readonly [number, number]> {
  for (const [begin, spellings] of first ?? []) {
    for (const { text, folded } of spellings) {
      const next = text.length > 1 ? [text.charAt(1)] : [...(second?.keys() ?? [])]
      const all = folded ? next.flatMap((each) => [each, each.toUpperCase()]) : next
      for (const each of all) yield [begin.charCodeAt(0), each.charCodeAt(0)]
    }
  }
}

/** The furthest end of a pattern that begins at this place; -1 without a match. `open`: the text ends too early to tell. */
function matchAt(pattern: Pattern, text: string, lower: string, at: number): { end: number; open: boolean } {
  let places: readonly number[] = [at]
  let open = false
  for (const spellings of pattern) {
    const next: number[] = []
    for (const place of places) {
      if (place >= text.length) open = true
      for (const { text: spelled, folded } of spellings.get(text.charAt(place)) ?? []) {
        const source = folded ? lower : text
        const end = place + spelled.length
        if (source.startsWith(spelled, place)) {
          if (!next.includes(end)) next.push(end)
        } else if (end > text.length && spelled.startsWith(source.slice(place))) open = true
      }
    }
    if (next.length === 0) return { end: -1, open }
    places = next
  }
  return { end: Math.max(...places), open }
}

function plain(value: string): Pattern {
  return Array.from(value, spellingsOf)
}

// Bytes stand together, or are separated as in a printed Buffer, a fingerprint or a MAC address.
function hex(value: string): Pattern {
  return [...Buffer.from(value)].map((byte, i) => {
    const digits = byte.toString(16).padStart(2, '0')
    return spellingsByStart([], i === 0 ? [digits] : [digits, ` ${digits}`, `:${digits}`, `-${digits}`])
  })
}

/** In a longer text, such as `user:password`, a value may begin at any of the three bytes of a group of base64. */
function base64(value: string): readonly Pattern[] {
  const bytes = Buffer.from(value)
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const sure = text.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3))
    return Array.from(sure, (character) => {
      const forUrls = { '+': '-', '/': '_' }[character]
      if (forUrls === undefined) return spellingsOf(character)
      const all = [...spellingsOf(character).values(), ...spellingsOf(forUrls).values()].flat()
      const texts = (folded: boolean): string[] => all.flatMap((each) => (each.folded === folded ? [each.text] : []))
      return spellingsByStart(texts(false), texts(true))
    })
  })
}
