import type { Clock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { asError, TidingsError } from '../../core/errors.ts'
import type { Exec, ExecResult } from '../../core/exec.ts'
import { readCall } from '../../core/read-call.ts'
import { during } from '../../core/virtual-clock.ts'
import type { World } from '../../core/world.ts'
import { placeholder } from '../try/record-world.ts'
import { faultWords, type PendingFaults } from './faults.ts'
import type { Recorder } from './recorder.ts'
import type { TimelineCall } from './timeline-entries.ts'

/** Who calls the world. */
export interface Caller {
  readonly by: string
  readonly seq?: number
  readonly delivery?: number
  /** The key of the delivery; undefined for a job. */
  key?(): string
}

/** What a simulated world needs of its simulation. */
export interface WorldHost {
  readonly clock: Clock
  readonly recorder: Recorder
  readonly faults: PendingFaults
  /** What was asked for and is missing in the world. */
  readonly refused: Set<string>
}

/** An answer that can be given again. */
type Answer =
  | { readonly status: number; readonly headers: readonly [string, string][]; readonly body: ArrayBuffer | null }
  | ExecResult

/** The world of a simulated agent: that of the user, recorded and disturbed. It outlives the lives of the agent. */
export class SimulatedWorld {
  readonly #given: Partial<World>
  readonly #host: WorldHost
  readonly #before = new Map<string, Answer>()

  constructor(given: Partial<World>, host: WorldHost) {
    this.#given = given
    this.#host = host
  }

  secret(name: string): string {
    return this.#given.secret?.(name) ?? placeholder(name)
  }

  now(): number {
    return this.#given.now?.() ?? this.#host.clock.now()
  }

  /** The `fetch` of a caller. */
  fetchFor(caller: Caller): World['fetch'] {
    return (input, init) => during(this.#host.clock, this.#fetch(caller, input, init))
  }

  /** The `exec` of a caller. */
  execFor(caller: Caller): Exec {
    return (...program) => during(this.#host.clock, this.#exec(caller, program))
  }

  async #fetch(caller: Caller, ...[input, init]: Parameters<World['fetch']>): Promise<Response> {
    const { request, body: text, passed } = await readCall(input, init)
    request.signal.throwIfAborted()
    const body = request.body === null ? undefined : text
    const asked = `${request.method} ${request.url}`
    const call = this.#call('request', caller, asked, body, [...request.headers.values(), request.url, body ?? ''])
    const fault = this.#disturbed(caller.seq !== undefined && request.method !== 'GET')
    const answer = (response: Response): Response => {
      call.status = response.status
      return response
    }
    if (fault?.fault === 'late') {
      const before = this.#before.get(`${asked} ${body}`)
      if (before !== undefined && 'headers' in before) return answer(responseOf(before))
    }
    if (fault?.fault === 'call fails' && fault.as === 'rejects') throw this.#fails(call, new TypeError('fetch failed'))
    if (fault?.fault === 'call fails' && fault.as === 'answers 503')
      return answer(new Response('Service Unavailable', { status: 503 }))
    const { fetch } = this.#given
    if (fetch === undefined) throw this.#fails(call, this.#refuse(asked, 'fetch'))
    call.reached = true
    try {
      const response = await fetch(...passed)
      if (fault?.fault === 'call fails') {
        call.status = response.status
        await response.body?.cancel()
        throw new TypeError('fetch failed: the answer was lost')
      }
      if (request.method === 'GET' && this.#keepsAnswers) await this.#keep(`${asked} ${body}`, response)
      return answer(response)
    } catch (error) {
      throw this.#fails(call, error)
    }
  }

  async #exec(caller: Caller, program: Parameters<Exec>): Promise<ExecResult> {
    const [file, args] = program
    const asked = [file, ...args].map((word) => (/^[\w./:=@-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
    const call = this.#call('program', caller, asked, undefined, args)
    const fault = this.#disturbed(caller.seq !== undefined)
    if (fault?.fault === 'late') {
      const before = this.#before.get(asked)
      if (before !== undefined && 'stdout' in before) return before
    }
    const failed = (words: string): TidingsError => new TidingsError('TIDINGS_EXEC_FAILED', `${file} ${words}`)
    if (fault?.fault === 'call fails' && fault.as !== 'answer lost') throw this.#fails(call, failed('failed'))
    const { exec } = this.#given
    if (exec === undefined) throw this.#fails(call, this.#refuse(`the program ${asked}`, 'exec'))
    call.reached = true
    try {
      const result = await exec(...program)
      if (fault?.fault === 'call fails') throw failed('was killed at its end')
      call.status = 0
      this.#before.set(asked, result)
      return result
    } catch (error) {
      throw this.#fails(call, error)
    }
  }

  #call(
    kind: TimelineCall['kind'],
    { key, ...by }: Caller,
    asked: string,
    body: string | undefined,
    places: readonly string[],
  ): TimelineCall {
    const id = key?.()
    const keyed = id !== undefined && places.some((place) => place.includes(id)) ? ({ keyed: true } as const) : {}
    return this.#host.recorder.call({ kind, ...by, asked, ...defined({ body }), ...keyed, reached: false })
  }

  #disturbed(isTold: boolean): ReturnType<PendingFaults['ofCall']> {
    const { faults, recorder } = this.#host
    const fault = faults.ofCall(isTold)
    if (fault !== undefined) recorder.mark('fault', faultWords(fault))
    return fault
  }

  #fails(call: TimelineCall, thrown: unknown): Error {
    const error = asError(thrown)
    call.error = error.message
    return error
  }

  #refuse(asked: string, part: string): TidingsError {
    this.#host.refused.add(asked)
    const words = `the world of the simulation has no ${part}, and was asked for ${asked}`
    return new TidingsError('TIDINGS_WORLD_MISSING', words, { details: { asked } })
  }

  // Only a simulation with late answers needs those of before.
  get #keepsAnswers(): boolean {
    return this.#host.faults.hasLate
  }

  async #keep(asked: string, response: Response): Promise<void> {
    const copy = response.clone()
    const body = copy.body === null ? null : await copy.arrayBuffer()
    this.#before.set(asked, { status: copy.status, headers: [...copy.headers], body })
  }
}

function responseOf({ status, headers, body }: Extract<Answer, { readonly headers: unknown }>): Response {
  return new Response(body, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) })
}
