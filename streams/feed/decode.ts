/** The bytes that begin a text in UTF-16, with and without a byte order mark. */
const UTF16 = [
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
  ['utf-16le', [0x3c, 0x00]],
  ['utf-16be', [0x00, 0x3c]],
] as const

/**
 * Decodes a feed. UTF-8 wins if the bytes are valid UTF-8 and either the content type or the XML declaration says so, or
 * neither names an encoding: many servers name a wrong one. Then the content type counts, then the declaration (RFC 7303).
 */
export function decode(bytes: Uint8Array, contentType: string | null): string {
  const wide = UTF16.find(([, start]) => start.every((byte, at) => bytes[at] === byte))
  if (wide !== undefined) return new TextDecoder(wide[0]).decode(bytes)
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 1024))
  const declared = /^\s*(?:ï»¿)?<\?xml[^<>]*?\sencoding\s*=\s*["']([\w.:-]+)/i.exec(head)?.[1]
  const named = [/charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? '')?.[1], declared].filter(
    (one) => one !== undefined,
  )
  const utf8 = named.length === 0 || named.some((one) => /^utf-?8$/i.test(one)) || head.startsWith('ï»¿')
  for (const encoding of utf8 ? ['utf-8', ...named] : named) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes)
    } catch {
      // An unknown encoding, or bytes that are not in it.
    }
  }
  return new TextDecoder(named.find(isKnown)).decode(bytes)
}

function isKnown(encoding: string): boolean {
  try {
    new TextDecoder(encoding)
    return true
  } catch {
    return false
  }
}
