/** The longest text of an event, in characters. */
const MOST_CHARACTERS = 8000

/** Characters of a text that are looked at: markup takes several times the room of what it says. */
const MOST_MARKUP = 8 * MOST_CHARACTERS

/** The entities that prose has; a feed may have been escaped twice. */
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  bull: '•',
  copy: '©',
  euro: '€',
  gt: '>',
  hellip: '…',
  laquo: '«',
  ldquo: '“',
  lsquo: '‘',
  lt: '<',
  mdash: '—',
  middot: '·',
  nbsp: ' ',
  ndash: '–',
  pound: '£',
  quot: '"',
  raquo: '»',
  rdquo: '”',
  rsquo: '’',
  shy: '',
  times: '×',
}

// A tag ends before the next one begins: a text full of `<` would take quadratic time otherwise.
const BLOCK =
  /<\/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figure|h[1-6]|hr|li|ol|p|pre|section|table|tr|ul)\b[^<>]*>/gi
const TAG = /<\/?[a-z][^<>]*>|<![^<>]*>/gi
const INLINE = /<\/?(?:a|abbr|b|br|cite|code|em|font|i|p|q|s|small|span|strong|sub|sup|tt|u)\b[^<>]*>/gi

/** Parts that a reader does not see, each by its beginning and its end. What is left of an end tag goes with the tags. */
const UNSEEN = [
  [/<!--/g, /-->/g],
  [/<script\b/gi, /(?=<\/script)/gi],
  [/<style\b/gi, /(?=<\/style)/gi],
] as const

/** The text of some HTML, one line for each block, without scripts and styles; at most 8000 characters. */
export function textOf(html: string): string {
  const seen = UNSEEN.reduce((rest, [open, close]) => without(rest, open, close), html.slice(0, MOST_MARKUP))
  return tidy(unescape(seen.replaceAll(/\s+/g, ' ').replace(BLOCK, '\n').replace(TAG, '')))
}

/** A title on one line, without its formatting. Other tags stay: a title may be about them. */
export function titleOf(html: string): string {
  return line(unescape(html.slice(0, MOST_MARKUP).replace(INLINE, '')))
}

/** A text on one line, at most 8000 characters. */
export function line(text: string): string {
  return tidy(text.slice(0, MOST_MARKUP).replaceAll(/\s+/g, ' '))
}

/** A text as it is, but for control characters and repeated spaces; at most 8000 characters. */
export function tidy(text: string): string {
  return (
    text
      .slice(0, MOST_MARKUP)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '')
      .replaceAll(/[^\S\n]+/g, ' ')
      .replaceAll(/ ?\n ?/g, '\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim()
      .slice(0, MOST_CHARACTERS)
      .toWellFormed()
  )
}

/** Cuts every part from `open` to `close`; without a `close`, the rest. */
function without(text: string, open: RegExp, close: RegExp): string {
  let kept = ''
  let from = 0
  for (let at = find(text, open, 0); at !== undefined; at = find(text, open, from)) {
    kept += text.slice(from, at.start)
    const end = find(text, close, at.end)
    if (end === undefined) return kept
    from = end.end
  }
  return kept + text.slice(from)
}

function find(text: string, what: RegExp, from: number): { readonly start: number; readonly end: number } | undefined {
  what.lastIndex = from
  const match = what.exec(text)
  return match === null ? undefined : { start: match.index, end: match.index + match[0].length }
}

function unescape(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name)] ?? whole
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal)
    return code > 0x10ffff ? whole : String.fromCodePoint(code)
  })
}
