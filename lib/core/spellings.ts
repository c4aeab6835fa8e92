/** One way to write a character. */
export interface Spelling {
  readonly text: string
  /** Whether the case of its letters does not matter; `text` is in lower case then. */
  readonly folded: boolean
}

/** The ways to write a character, by their first character. */
export type Spellings = ReadonlyMap<string, readonly Spelling[]>

/** The names of characters in HTML. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '&': ['amp'],
  '<': ['lt'],
  '>': ['gt'],
  '"': ['quot'],
  "'": ['apos'],
  '\n': ['newline'],
  '\t': ['tab'],
  '\u00a0': ['nbsp'],
  '!': ['excl'],
  '#': ['num'],
  $: ['dollar'],
  '%': ['percnt'],
  '(': ['lpar'],
  ')': ['rpar'],
  '*': ['ast'],
  '+': ['plus'],
  ',': ['comma'],
  '-': ['hyphen', 'dash'],
  '.': ['period'],
  '/': ['sol'],
  ':': ['colon'],
  ';': ['semi'],
  '=': ['equals'],
  '?': ['quest'],
  '@': ['commat'],
  '[': ['lbrack', 'lsqb'],
  '\\': ['bsol'],
  ']': ['rbrack', 'rsqb'],
  '^': ['hat'],
  _: ['lowbar'],
  '`': ['grave'],
  '{': ['lbrace', 'lcub'],
  '|': ['verbar', 'vert'],
  '}': ['rbrace', 'rcub'],
}

const known = new Map<string, Spellings>()

/**
 * Lists how a character is written in plain text, in JSON (also inside JSON), by `console.log`, in a shell, in a URL and in
 * HTML, and as utf8 bytes read as one character each.
 */
export function spellingsOf(character: string): Spellings {
  const found = known.get(character)
  if (found !== undefined) return found
  const plain = character.toWellFormed()
  const exact = [character, Buffer.from(plain).toString('latin1'), ...quoted(character)]
  if (character === ' ') exact.push('+')
  if (character === '\n') exact.push('\r\n', '\\r\\n', '\\\\r\\\\n')
  const made = spellingsByStart(exact, [...inUrls(plain), ...inHtml(plain), ...byNumber(plain)])
  known.set(character, made)
  return made
}

/** Groups spellings by their first character. The case of the letters matters in `exact` ones, but not in `folded` ones. */
export function spellingsByStart(exact: readonly string[], folded: readonly string[]): Spellings {
  const all = new Map<string, Spelling[]>()
  const add = (first: string, spelling: Spelling): void => {
    const before = all.get(first)
    if (before === undefined) all.set(first, [spelling])
    else before.push(spelling)
  }
  for (const text of new Set(exact)) add(text.charAt(0), { text, folded: false })
  for (const text of new Set(folded)) {
    const first = text.charAt(0)
    for (const one of new Set([first, first.toUpperCase()])) add(one, { text, folded: true })
  }
  return all
}

// JSON up to three levels deep; and a backslash, as a shell puts before characters that it would interpret.
function quoted(character: string): readonly string[] {
  const once = inJson(character)
  const twice = inJson(once)
  const before = /[^\p{L}\p{N}]/u.test(character) && character !== '\n' ? [`\\${character}`, `\\\\${character}`] : []
  return [once, twice, inJson(twice), ...before]
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

// `%2f`, `%252f` if it was escaped twice, and the `%u20ac` of `escape()`.
function inUrls(character: string): readonly string[] {
  const bytes = [...Buffer.from(character)].map((byte) => hex(byte, 2))
  // Like `escape()`: one byte if one is enough.
  const units = unitsOf(character).map((unit) => (unit < 256 ? `%${hex(unit, 2)}` : `%u${hex(unit, 4)}`))
  return ['%', '%25'].map((percent) => bytes.map((byte) => percent + byte).join('')).concat(units.join(''))
}

function inHtml(character: string): readonly string[] {
  const code = character.codePointAt(0) ?? 0
  const numbers = [0, 2, 3, 4, 5, 6].flatMap((width) => [
    `#${String(code).padStart(width, '0')}`,
    `#x${hex(code, width)}`,
  ])
  return [...numbers, ...(NAMES[character] ?? [])].flatMap((name) => [`&${name};`, `&amp;${name};`])
}

// `\u00e9`, `\xe9`, and its utf8 bytes.
function byNumber(character: string): readonly string[] {
  const units = unitsOf(character)
  const code = character.codePointAt(0) ?? 0
  const ways = [
    units.map((unit) => `\\u${hex(unit, 4)}`),
    [`\\u{${hex(code, 0)}}`],
    [...Buffer.from(character)].map((byte) => `\\x${hex(byte, 2)}`),
    ...(code < 256 ? [[`\\x${hex(code, 2)}`]] : []),
  ]
  return ways.flatMap((way) => ['', '\\'].map((more) => way.map((each) => more + each).join('')))
}

function unitsOf(character: string): readonly number[] {
  return Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
}

function hex(number: number, width: number): string {
  return number.toString(16).padStart(width, '0')
}
