import type { Caller } from '../../lib/cli.ts'
import { type Exec, TidingsError, type World } from '../../lib/index.ts'
import type { Answered, Asked, FromAgent } from '../commands/torture/messages.ts'

/** A world that is in the parent of this process: calls are sent there, and wait for their answers. */
export class RemoteWorld {
  readonly #tell: (message: FromAgent) => void
  readonly #waiting = new Map<number, (answered: Answered) => void>()
  #asked = 0

  constructor(tell: (message: FromAgent) => void) {
    this.#tell = tell
  }

  /** The `fetch` of a caller. */
  fetchFor(caller: Caller): World['fetch'] {
    return async (input, init) => {
      const request = new Request(input, init)
      request.signal.throwIfAborted()
      const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer()).toString('base64')
      const { method, url, headers, signal } = request
      const asked = { request: { method, url, headers: [...headers], ...(body === undefined ? {} : { body }) } }
      const answered = await this.#ask(caller, asked, signal)
      if (!('response' in answered)) throw errorOf(answered)
      const { status, headers: given, body: text } = answered.response
      return new Response(text === null ? null : Buffer.from(text, 'base64'), {
        status,
        headers: given.map(([name, value]): [string, string] => [name, value]),
      })
    }
  }

  /** The `exec` of a caller. */
  execFor(caller: Caller): Exec {
    return async (file, args, { cwd, signal } = {}) => {
      signal?.throwIfAborted()
      const program = { file, args, ...(cwd === undefined ? {} : { cwd }) }
      const answered = await this.#ask(caller, { program }, signal)
      if (!('result' in answered)) throw errorOf(answered)
      return answered.result
    }
  }

  /** The parent has answered a call. */
  answer(id: number, answered: Answered): void {
    this.#waiting.get(id)?.(answered)
    this.#waiting.delete(id)
  }

  #ask({ key, ...by }: Caller, asked: Asked, signal: AbortSignal | undefined): Promise<Answered> {
    this.#asked += 1
    const id = this.#asked
    const own = key?.()
    return new Promise((resolve, reject) => {
      const given = (): void => {
        this.#waiting.delete(id)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', given, { once: true })
      this.#waiting.set(id, (answered) => {
        signal?.removeEventListener('abort', given)
        resolve(answered)
      })
      this.#tell({ told: 'asks', id, caller: { ...by, ...(own === undefined ? {} : { key: own }) }, asked })
    })
  }
}

function errorOf(answered: Answered): Error {
  if (!('error' in answered)) return new Error('the world answered something else')
  const { name, message, code } = answered.error
  if (code?.startsWith('TIDINGS_') === true) return new TidingsError(code as TidingsError['code'], message)
  return name === 'TypeError' ? new TypeError(message) : new Error(message)
}
