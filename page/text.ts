/** How much of a text a row shows, in characters. */
const ROW = 200

/** Characters that act on the text around them, or can't be seen: control characters, and changes of direction. */
const ACTING = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** A text from elsewhere, for one line: characters that act on their surroundings are written out, and a long text is cut. */
export function line(text: string, most = ROW): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text
  return cut.replace(ACTING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The same for a text of several lines. */
export function lines(text: string): string {
  return text.replace(ACTING, (character) => (character === '\n' || character === '\t' ? character : line(character)))
}

/** A number with spaces between thousands. */
export function amount(n: number): string {
  return Math.round(n)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ' ')
}

/** `1 event`, `2 events`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${amount(n)} ${n === 1 ? one : many}`
}

/** A number of bytes. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  const [value, unit] = n < 1e6 ? [n / 1e3, 'kB'] : n < 1e9 ? [n / 1e6, 'MB'] : [n / 1e9, 'GB']
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`
}

/** A duration: `40 ms`, `2.4 s`, `3 min`, `2 h`, `5 d`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  return ms < 86_400_000 ? `${(ms / 3_600_000).toFixed(ms < 36_000_000 ? 1 : 0)} h` : `${Math.round(ms / 86_400_000)} d`
}

/** Whether a name is one of the names, or patterns where `*` stands for any characters. */
export function isOfTypes(name: string, types: readonly string[] | undefined): boolean {
  return types === undefined || types.some((type) => name === type || patternOf(type).test(name))
}

const patterns = new Map<string, RegExp>()

function patternOf(type: string): RegExp {
  let pattern = patterns.get(type)
  if (pattern === undefined) {
    pattern = new RegExp(`^${type.replaceAll(/[^\w*]/g, String.raw`\$&`).replaceAll(/\*+/g, '.*')}$`, 's')
    patterns.set(type, pattern)
  }
  return pattern
}

/** A question as the query of an address; a part that is empty or undefined is left out. */
export function query(question: Readonly<Record<string, unknown>>): string {
  const parts = new URLSearchParams()
  for (const [name, value] of Object.entries(question))
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined && each !== '') parts.append(name, String(each))
  return parts.size === 0 ? '' : `?${parts}`
}

/** A question whose undefined parts count as absent: they do not travel. */
export function some<T extends object>(question: { readonly [K in keyof T]: T[K] | undefined }): T {
  return question as T
}

/** The types that a reader has written, between commas or spaces; undefined for none. */
export function typesIn(text: string | undefined): string[] | undefined {
  const types = (text ?? '').split(/[\s,]+/).filter((type) => type !== '')
  return types.length === 0 ? undefined : types
}
