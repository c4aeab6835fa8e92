/**
 * Text for PostgreSQL, which takes no NUL: NUL becomes `\x01\x02`, and `\x01` itself `\x01\x01`. A prefix stays a prefix, and
 * two texts that differ still do.
 */
export function toText(text: string): string {
  return UNSAFE.test(text) ? text.replaceAll(ALL_UNSAFE, (found) => (found === '\0' ? '\x01\x02' : '\x01\x01')) : text
}

/** The text that `toText` was given. */
export function fromText(text: string): string {
  return text.includes('\x01') ? text.replaceAll(ESCAPED, (found) => (found === '\x01\x02' ? '\0' : '\x01')) : text
}

/** `toText`, where there may be none. */
export function toTextOrNull(text: string | undefined): string | null {
  return text === undefined ? null : toText(text)
}

const UNSAFE = /[\0\x01]/
const ALL_UNSAFE = /[\0\x01]/g
const ESCAPED = /\x01[\x01\x02]/g
