import type { processSecrets } from '../../lib/index.ts'

/** What knows the values to be kept. */
type Keeper = Pick<ReturnType<typeof processSecrets>, 'scrub' | 'begun'>

/** Where this process prints. */
type Output = Pick<NodeJS.WriteStream, 'write'>

/**
 * Keeps the values of known secrets out of an output, whoever writes to it, also where one comes in pieces: what may be
 * the beginning of a value waits for what comes next, or for the end.
 */
export function keepSecret({ scrub, begun }: Keeper, output: Output, ending: NodeJS.EventEmitter = process): void {
  const write = output.write.bind(output) as (chunk: unknown, ...more: readonly unknown[]) => boolean
  // One character for each byte: a piece may end within a character, and what is no text stays what it is.
  let waiting = ''
  output.write = (chunk: unknown, ...more: readonly unknown[]) => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return write(chunk, ...more)
    const [encoding, written] = typeof more[0] === 'function' ? [undefined, more[0]] : more
    const text = waiting + bytesOf(chunk, encoding as BufferEncoding | undefined).toString('latin1')
    const ready = text.slice(0, text.length - begun(text))
    waiting = text.slice(ready.length)
    return write(Buffer.from(scrub(ready), 'latin1'), written)
  }
  ending.once('exit', () => {
    try {
      if (waiting !== '') write(Buffer.from(scrub(waiting), 'latin1'))
    } catch {
      // The disk under it is full: nothing more can be printed.
    }
  })
}

function bytesOf(chunk: string | Uint8Array, encoding?: BufferEncoding): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
}
