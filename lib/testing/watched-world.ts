import { describe, TidingsError } from '../core/errors.ts'
import type { Exec } from '../core/exec.ts'
import { readCall } from '../core/read-call.ts'
import { Scrubber } from '../core/scrubber.ts'
import type { World } from '../core/world.ts'

/** One call of a handler to the world. */
export interface WorldCall {
  /** The method of the request, in capitals; `RUN` for a program. */
  readonly method: string
  /** The URL of the request; of a program its file and arguments. */
  readonly url: string
  /** The headers of the request, with names in lower case; empty for a program. */
  readonly headers: Readonly<Record<string, string>>
  /** The body of the request; empty without one. */
  readonly body: string
}

/** What goes wrong in the calls of one delivery: which call, counted from 0, and what its caller gets. */
export interface CallFault {
  readonly call: number
  /** It rejects, as without a network, or the service answers with this status. A program fails. */
  readonly as: 'rejects' | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
}

/** A world that notes what reaches it, and in which chosen calls fail. */
export class WatchedWorld {
  /** What reached the world, in order. */
  readonly calls: WorldCall[] = []
  /** Knows each secret that was handed out. */
  readonly secrets = new Scrubber()
  readonly world: World
  #fault: CallFault | undefined
  #made = 0
  #failed: WorldCall | undefined

  constructor(given: Partial<World>, now: () => number) {
    const inner: World = { ...closedWorld, now, ...given }
    this.world = {
      now: () => inner.now(),
      fetch: given.fetch === undefined ? closedWorld.fetch : (...request) => this.#fetch(inner, ...request),
      exec: given.exec === undefined ? closedWorld.exec : (...program) => this.#exec(inner, ...program),
      secret: (name) => {
        const value = inner.secret(name)
        this.secrets.learn(value)
        return value
      },
    }
  }

  /** Begins a delivery, in which this call fails. */
  begin(fault?: CallFault): void {
    this.#fault = fault
    this.#made = 0
    this.#failed = undefined
  }

  /** The call that has failed in this delivery; undefined if it made fewer calls. */
  get failed(): WorldCall | undefined {
    return this.#failed
  }

  async #fetch(inner: World, ...[input, init]: Parameters<World['fetch']>): Promise<Response> {
    const { request, body, passed } = await readCall(input, init)
    const { method, url } = request
    const fault = this.#take({ method, url, headers: Object.fromEntries(request.headers), body })
    if (fault === undefined) return inner.fetch(...passed)
    if (fault.as === 'rejects') throw new TypeError('fetch failed')
    return new Response('this service says no', fault.as)
  }

  async #exec(inner: World, ...program: Parameters<Exec>): ReturnType<Exec> {
    const [file, args] = program
    const fault = this.#take({ method: 'RUN', url: [file, ...args].join(' '), headers: {}, body: '' })
    if (fault === undefined) return inner.exec(...program)
    throw new TidingsError('TIDINGS_EXEC_FAILED', `${describe(file)} failed`, { details: { file } })
  }

  /** Notes a call, unless it fails before it reaches the world. */
  #take(call: WorldCall): CallFault | undefined {
    const isFaulty = this.#made++ === this.#fault?.call
    if (isFaulty) this.#failed = call
    else this.calls.push(call)
    return isFaulty ? this.#fault : undefined
  }
}

/** The parts of a world that were not given. */
export const closedWorld: Omit<World, 'now'> = {
  fetch: async (input) => {
    throw new Error(
      `world gave no fetch, and the handler asked for ${input instanceof Request ? input.url : String(input)}`,
    )
  },
  exec: async (file) => {
    throw new Error(`world gave no exec, and the handler started ${file}`)
  },
  secret: (name) => `the made-up secret ${name}`,
}

/** Whether a call only reads, as HTTP has it. */
export function isSafe({ method }: WorldCall): boolean {
  return ['GET', 'HEAD', 'OPTIONS'].includes(method)
}
