import type { World } from '../core/world.ts'

/** A call of `fetch` or `exec` that a handler made. It has no query, header, argument or body: those may hold secrets. */
export interface HandlerCall {
  /** The method of the request; `exec` for a program. */
  readonly method: string
  /** The host that was asked, with its port; the file of the program. */
  readonly host: string
  /** The status of the answer; absent if none came, and for a program. */
  readonly status?: number
  /** How long it took, in ms; while it lasts, how long until its delivery ended. */
  readonly ms: number
}

/** The most calls of one delivery that are kept. */
const MOST = 50

/** A call, and when it began. */
type Open = { -readonly [K in keyof HandlerCall]: HandlerCall[K] } & { began?: number }

/** Records the calls that the handler of one delivery makes. Costs nothing before the first. */
export class HandlerCalls {
  readonly #now: () => number
  readonly #calls: Open[] = []

  /** @param now the time in ms, from a clock that never steps back */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The calls so far, in order. A call that still lasts is completed later. */
  get calls(): readonly HandlerCall[] {
    return this.#calls
  }

  /** Returns a `fetch` that is recorded. */
  fetch(inner: World['fetch']): World['fetch'] {
    return async (input, init) => {
      const call = this.#begin(...requestOf(input, init))
      try {
        const response = await inner(input, init)
        if (call !== undefined) call.status = response.status
        return response
      } finally {
        this.#end(call)
      }
    }
  }

  /** Returns an `exec` that is recorded. */
  exec(inner: World['exec']): World['exec'] {
    return async (file, args, options) => {
      const call = this.#begin('exec', String(file))
      try {
        return await inner(file, args, options)
      } finally {
        this.#end(call)
      }
    }
  }

  /** The delivery has ended: calls that still last have taken until now. */
  ended(): void {
    for (const call of this.#calls) if (call.began !== undefined) call.ms = this.#now() - call.began
  }

  #begin(method: string, host: string): Open | undefined {
    if (this.#calls.length === MOST) return undefined
    const call = { method: method.slice(0, 20), host: host.slice(0, 200), ms: 0, began: this.#now() }
    this.#calls.push(call)
    return call
  }

  #end(call: Open | undefined): void {
    if (call?.began === undefined) return
    call.ms = this.#now() - call.began
    delete call.began
  }
}

// Whatever the handler passes: a wrong request is the business of `fetch`.
function requestOf(input: unknown, init: unknown): [method: string, host: string] {
  try {
    const request = input as { readonly url?: unknown; readonly method?: unknown }
    const isRequest = typeof input === 'object' && typeof request.url === 'string'
    const given = (init as { readonly method?: unknown } | undefined)?.method
    const method = given ?? (isRequest ? request.method : undefined)
    return [
      typeof method === 'string' ? method.toUpperCase() : 'GET',
      new URL(String(isRequest ? request.url : input)).host,
    ]
  } catch {
    return ['GET', '']
  }
}
