import type { Kinds, Takes, Wants } from '../operations/question.ts'

const FLAGS: Readonly<Record<string, boolean>> = { '': true, true: true, 1: true, false: false, 0: false }

/** Reads a question from the query of a GET: `?types=a&types=b&limit=3&reverse`. */
export function fromQuery({ needs, may }: Wants, query: URLSearchParams): Record<string, unknown> {
  const takes: Takes = { ...needs, ...may }
  const read = (part: string): unknown => {
    const kind = Object.hasOwn(takes, part) ? takes[part] : undefined
    const all = query.getAll(part)
    const text = all.at(-1) ?? ''
    if (kind === 'texts') return all
    // Leaves an unparsable number as text; validation rejects it.
    if (kind === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    return kind === 'flag' ? (FLAGS[text] ?? text) : text
  }
  // `fromEntries` makes every part an own property, whatever its name.
  return Object.fromEntries([...query.keys()].map((part) => [part, read(part)]))
}

/** Writes a question as the query of a GET. */
export function toSearch(question: Readonly<Record<string, Kinds[keyof Kinds] | undefined>>): string {
  const query = new URLSearchParams()
  for (const [part, value] of Object.entries(question)) {
    // An empty list must remain a list.
    const all = typeof value !== 'object' ? [value] : value.length === 0 ? [''] : value
    for (const each of all) if (each !== undefined) query.append(part, String(each))
  }
  return query.size === 0 ? '' : `?${query}`
}
