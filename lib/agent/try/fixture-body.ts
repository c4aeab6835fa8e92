import type { FixtureBody, FixtureText } from './fixture.ts'

/** The part of a text that stands for a secret. */
export const SECRET = '[secret]'

/** The names of members and parameters whose values are credentials, also those that a service issued. */
const CREDENTIALS = 'access_token|refresh_token|id_token|client_secret|client_assertion|assertion|api_?key|password'

const IN_JSON = new RegExp(`("(?:${CREDENTIALS})"\\s*:\\s*")(?:[^"\\\\]|\\\\.)*(?=")`, 'gi')
const IN_FORM = new RegExp(`((?:^|[?&])(?:${CREDENTIALS})=)[^&#\\s]*`, 'gi')

/** Replaces the values of credentials in JSON, a query or a form, also if no secret of the program is behind them. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(IN_JSON, `$1${SECRET}`).replaceAll(IN_FORM, `$1${SECRET}`)
}

/** How a body is written in a fixture, after `clean` has removed its secrets; undefined for an empty one. */
export function fixtureBody(bytes: Uint8Array, clean: (text: string) => string): FixtureBody | undefined {
  if (bytes.byteLength === 0) return undefined
  const decoded = utf8(bytes)
  if (decoded === undefined) {
    // Latin-1, one character for each byte, so that secrets in plain are found; their base64 would not be.
    const text = clean(Buffer.from(bytes).toString('latin1'))
    return { base64: Buffer.from(text, 'latin1').toString('base64') }
  }
  const text = withoutCredentials(clean(decoded))
  const json = exactJson(text)
  return json === undefined ? { text: fixtureText(text) } : { json: json.value }
}

/** Text as its lines, if it has several. */
export function fixtureText(text: string): FixtureText {
  return text.includes('\n') ? text.split('\n') : text
}

/** The text that `fixtureText` has written. */
export function plainText(text: FixtureText): string {
  return typeof text === 'string' ? text : text.join('\n')
}

/** The bytes of a body in a fixture. */
export function bytesOf(body: FixtureBody | undefined): Uint8Array<ArrayBuffer> {
  if (body === undefined) return new Uint8Array()
  if ('json' in body) return Buffer.from(JSON.stringify(body.json))
  return 'text' in body ? Buffer.from(plainText(body.text)) : Buffer.from(body.base64, 'base64')
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

// Other spellings, such as 1.0 or an indented text, stay text: a replay must answer the same bytes.
function exactJson(text: string): { readonly value: unknown } | undefined {
  if (!/^[[{]/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return JSON.stringify(value) === text ? { value } : undefined
  } catch {
    return undefined
  }
}
