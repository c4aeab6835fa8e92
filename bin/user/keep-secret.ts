import type { processSecrets } from '../../lib/cli.ts'

/** The scrubber that knows the secret values. */
type Keeper = Pick<ReturnType<typeof processSecrets>, 'scrub' | 'partialAtEnd'>

/** A stream that this process prints to. */
type Output = Pick<NodeJS.WriteStream, 'write'>

/**
 * Removes the values of known secrets from an output, whichever code writes to it, also when a value is split across
 * writes: a possible beginning of a value is held back until the next write, or the end.
 */
export function keepSecret(
  { scrub, partialAtEnd }: Keeper,
  output: Output,
  ending: NodeJS.EventEmitter = process,
): void {
  const write = output.write.bind(output) as (chunk: unknown, ...more: readonly unknown[]) => boolean
  // Latin-1, one character for each byte: a piece may end within a character, and binary output must stay unchanged.
  let waiting = ''
  output.write = (chunk: unknown, ...more: readonly unknown[]) => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return write(chunk, ...more)
    const [encoding, written] = typeof more[0] === 'function' ? [undefined, more[0]] : more
    const text = waiting + bytesOf(chunk, encoding as BufferEncoding | undefined).toString('latin1')
    const ready = text.slice(0, text.length - partialAtEnd(text))
    waiting = text.slice(ready.length)
    return write(Buffer.from(scrub(ready), 'latin1'), written)
  }
  ending.once('exit', () => {
    try {
      if (waiting !== '') write(Buffer.from(scrub(waiting), 'latin1'))
    } catch {
      // The disk is full: nothing more can be printed.
    }
  })
}

function bytesOf(chunk: string | Uint8Array, encoding?: BufferEncoding): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
}
