/** Short values go out together, up to so many characters: a write each is many times slower. */
const TOGETHER = 64 * 1024

const types = { many: 'application/x-ndjson', all: 'text/event-stream' } as const

/** The answers that take a while: values one by one, as JSON lines or as server-sent events. */
export class Streams {
  readonly #going = new Set<AbortController>()

  /** Ends those that would go on for ever. */
  end(): void {
    for (const each of this.#going) each.abort()
  }

  /** An answer of many values; `broke` is called when it can't be given whole. Rejects when it can't begin. */
  async answer(
    kind: keyof typeof types,
    ask: (signal: AbortSignal) => AsyncIterable<unknown>,
    broke: () => void,
  ): Promise<Response> {
    const over = new AbortController()
    this.#going.add(over)
    try {
      const values = ask(over.signal)
      const chunks = kind === 'many' ? await begun(together(values)) : each(values)
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
    // Not by `return()`, which would wait for what it waits for.
    cancel: end,
  })
}

// What is wrong with a question is known when the first values are looked for.
async function begun(chunks: AsyncGenerator<string>): Promise<AsyncGenerator<string>> {
  const first = await chunks.next()
  return (async function* () {
    if (first.done === true) return
    yield first.value
    yield* chunks
  })()
}

async function* together(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  let text = ''
  for await (const value of values) {
    text += `${JSON.stringify(value)}\n`
    if (text.length < TOGETHER) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

async function* each(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `data: ${JSON.stringify(value)}\n\n`
}
