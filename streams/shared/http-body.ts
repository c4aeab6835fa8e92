import { TidingsError } from '../../lib/index.ts'

/** The body of an answer, read whole. */
export interface Body {
  /** Its bytes, decompressed. */
  readonly bytes: Uint8Array
  /** The body as text, in the charset of its content type; UTF-8 by default and if the charset is unknown. */
  text(): string
}

/**
 * Reads the body of an answer up to a limit. The decompressed size counts, so a small answer cannot unpack to a large
 * one.
 *
 * @param who names the reader and the URL in errors
 * @param most the limit, in bytes
 * @throws TidingsError `TIDINGS_RESPONSE_TOO_LARGE`
 */
export async function readBody(response: Response, who: string, most: number): Promise<Body> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.byteLength
    // Leaving the loop cancels the stream.
    if (size > most) throw tooLarge(who, most)
    parts.push(part)
  }
  const bytes = Buffer.concat(parts)
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(response.headers.get('content-type') ?? '')?.[1]
  return { bytes, text: () => decoder(charset).decode(bytes) }
}

function decoder(charset = 'utf-8'): { decode(bytes: Uint8Array): string } {
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}

function tooLarge(who: string, most: number): TidingsError {
  const words = `${who}: the answer is larger than ${Math.round(most / 1024)} KiB`
  return new TidingsError('TIDINGS_RESPONSE_TOO_LARGE', words, { details: { limit: most } })
}
