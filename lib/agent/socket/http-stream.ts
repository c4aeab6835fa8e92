import type { Server } from 'node:http'
import { type CancelTimer, type Clock, systemClock } from '../../core/clock.ts'
import { SECOND } from '../../core/time-units.ts'

/** Short values are sent together, up to this many characters: a separate write for each is many times slower. */
const TOGETHER = 64 * 1024

/** A connection without any traffic for longer than this, in ms, may be cut by a proxy. */
const PING = 15 * SECOND

const types = { many: 'application/x-ndjson', all: 'text/event-stream' } as const

/** Writes a value as JSON. */
type Write = (value: unknown) => string

/** Answers that take a while: values one by one, as JSON lines or as server-sent events. */
export class HttpStreams {
  readonly #going = new Set<AbortController>()
  readonly #clock: Clock

  /** @param clock times the comments that keep a silent connection open */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Ends the answers that would never end by themselves. */
  end(): void {
    for (const each of this.#going) each.abort()
  }

  /**
   * Answers with many values, each written by `write`; `broke` is called when the answer breaks off. Rejects when it
   * can't begin.
   */
  async answer(
    kind: keyof typeof types,
    ask: (signal: AbortSignal) => AsyncIterable<unknown>,
    broke: () => void,
    write: Write,
  ): Promise<Response> {
    const over = new AbortController()
    this.#going.add(over)
    try {
      const values = ask(over.signal)
      const chunks = kind === 'many' ? await begun(together(values, write)) : pinged(each(values, write), this.#clock)
      const body = bytes(chunks, () => this.#end(over), broke)
      // nginx would hold messages back until it has some kilobytes.
      const headers = { 'content-type': types[kind], 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
      return new Response(body, { headers })
    } catch (error) {
      this.#end(over)
      throw error
    }
  }

  #end(over: AbortController): void {
    this.#going.delete(over)
    over.abort()
  }
}

/** How long pending answers may take at the end, in ms. */
const GRACE = 1000

/** Closes a server: ends the answers that follow the log, and lets the others end. Resolves when nothing is pending. */
export async function closeServer(server: Server, streams: HttpStreams): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  streams.end()
  server.closeIdleConnections()
  const cancel = systemClock.timer(() => server.closeAllConnections(), GRACE)
  await closed
  cancel()
}

function bytes(chunks: AsyncIterator<string>, end: () => void, broke: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await chunks.next()
        if (next.done !== true) return controller.enqueue(encoder.encode(next.value))
      } catch {
        broke()
      }
      end()
      controller.close()
    },
    // Not `return()`: it would wait for the generator's pending value.
    cancel: end,
  })
}

// Reads the first values, which shows whether the question is valid.
async function begun(chunks: AsyncGenerator<string>): Promise<AsyncGenerator<string>> {
  const first = await chunks.next()
  return (async function* () {
    if (first.done === true) return
    yield first.value
    yield* chunks
  })()
}

async function* together(values: AsyncIterable<unknown>, write: Write): AsyncGenerator<string> {
  let text = ''
  for await (const value of values) {
    text += `${write(value)}\n`
    if (text.length < TOGETHER) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

// A browser sends the newest id when it connects again.
async function* each(values: AsyncIterable<unknown>, write: Write): AsyncGenerator<string> {
  for await (const value of values) {
    const { seq } = value as { readonly seq?: unknown }
    yield `${typeof seq === 'number' ? `id: ${seq}\n` : ''}data: ${write(value)}\n\n`
  }
}

/** Adds a comment whenever nothing has come for a while. */
function pinged(chunks: AsyncIterator<string>, clock: Clock): AsyncIterator<string> {
  let coming: Promise<IteratorResult<string>> | undefined
  return {
    async next() {
      coming ??= chunks.next()
      let cancel: CancelTimer = () => undefined
      const silence = new Promise<undefined>((resolve) => (cancel = clock.timer(() => resolve(undefined), PING)))
      const next = await Promise.race([coming, silence]).finally(() => cancel())
      if (next === undefined) return { value: ': ping\n\n' }
      coming = undefined
      return next
    },
  }
}
