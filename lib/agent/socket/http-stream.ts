/** Short values are sent together, up to this many characters: a separate write for each is many times slower. */
const TOGETHER = 64 * 1024

const types = { many: 'application/x-ndjson', all: 'text/event-stream' } as const

/** Writes a value as JSON. */
type Write = (value: unknown) => string

/** Answers that take a while: values one by one, as JSON lines or as server-sent events. */
export class HttpStreams {
  readonly #going = new Set<AbortController>()

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
      const chunks = kind === 'many' ? await begun(together(values, write)) : each(values, write)
      const body = bytes(chunks, () => this.#end(over), broke)
      return new Response(body, { headers: { 'content-type': types[kind], 'cache-control': 'no-store' } })
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

async function* each(values: AsyncIterable<unknown>, write: Write): AsyncGenerator<string> {
  for await (const value of values) yield `data: ${write(value)}\n\n`
}
