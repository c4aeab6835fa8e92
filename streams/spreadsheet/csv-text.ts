/** One record of a CSV text. */
export interface CsvRecord {
  /** Its fields, without quotes. */
  readonly fields: readonly string[]
  /** The line break that ends it; empty at the end of the text. */
  readonly ending: '' | '\n' | '\r\n'
  /** Whether the text ends inside it: in quotes, or without a line break. */
  readonly open: boolean
}

/** Reads CSV (RFC 4180), record by record. Lenient: a quote inside a field that does not begin with one is text. */
export function* csvRecords(text: string, delimiter: string): Generator<CsvRecord, undefined> {
  let fields: string[] = []
  let field = ''
  let quoted = false
  // A byte order mark is not part of the first field.
  let at = text.startsWith('\uFEFF') ? 1 : 0
  const start = at
  let begun = false
  for (; at < text.length; at++) {
    const character = text[at] as string
    if (quoted) {
      if (character !== '"') field += character
      else if (text[at + 1] === '"') field += text[(at += 1)] as string
      else quoted = false
      continue
    }
    const isBreak = character === '\n' || (character === '\r' && text[at + 1] === '\n')
    if (isBreak) {
      const ending = character === '\r' ? '\r\n' : '\n'
      yield { fields: [...fields, field], ending, open: false }
      at += ending.length - 1
      fields = []
      field = ''
      begun = false
    } else if (character === delimiter) {
      fields.push(field)
      field = ''
      begun = true
    } else if (character === '"' && field === '') {
      quoted = true
      begun = true
    } else {
      field += character
      begun = true
    }
  }
  if (begun || quoted || (at === start && text.length > start))
    yield { fields: [...fields, field], ending: '', open: true }
  return undefined
}
