import { defined } from '../core/defined.ts'
import { describe, TidingsError } from '../core/errors.ts'
import type { Exec } from '../core/exec.ts'
import type { World } from '../core/world.ts'

/** What goes wrong in a poll. */
export interface PollFault {
  /** In which call to the service, counted from 0; beyond the last one, nothing does. */
  readonly call: number
  /** How: it rejects, is answered with 503, or the connection is lost before the last quarter of the answer. */
  readonly as: 'rejects' | 'answers 503' | 'breaks off'
}

/** A world at this hour with the parts that `serve` returned. All other parts reject: no law reaches a network. */
export function worldOf(served: typeof fetch | Partial<World>, at: number): World {
  const now = (): number => at
  if (typeof served === 'function') return { ...closed, now, fetch: served }
  if (typeof served === 'object' && served !== null) return { ...closed, now, ...served }
  throw new TypeError(`serve must return a fetch, or an object with fetch, exec or now, got ${describe(served)}`)
}

const closed: Omit<World, 'now'> = {
  fetch: async (input) => {
    throw new Error(
      `serve gave no fetch, and the stream asked for ${input instanceof Request ? input.url : String(input)}`,
    )
  },
  exec: async (file) => {
    throw new Error(`serve gave no exec, and the stream started ${file}`)
  },
  secret: (name) => `the secret ${name}`,
}

/**
 * Returns the same world with a fault in one call of `fetch` or `exec`; without a fault, the world. A program fails
 * instead of answering 503 or breaking off. Make one for each poll: it counts the calls.
 */
export function faultyWorld<P extends Partial<World>>(world: P, fault: PollFault | undefined): P {
  if (fault === undefined) return world
  let calls = 0
  const breaks = (): boolean => calls++ === fault.call
  const fetch = world.fetch && faultyFetch(world.fetch, fault, breaks)
  const exec = world.exec && faultyExec(world.exec, breaks)
  return { ...world, ...defined({ fetch, exec }) }
}

function faultyFetch(fetch: World['fetch'], { as }: PollFault, breaks: () => boolean): World['fetch'] {
  return async (...request) => {
    if (!breaks()) return fetch(...request)
    if (as === 'answers 503') return new Response('Service Unavailable', { status: 503 })
    if (as === 'breaks off') return brokenOff(await fetch(...request))
    throw new TypeError('fetch failed')
  }
}

function faultyExec(exec: Exec, breaks: () => boolean): Exec {
  return async (...program) => {
    if (!breaks()) return exec(...program)
    throw new TidingsError('TIDINGS_EXEC_FAILED', `${describe(program[0])} failed`, { details: { file: program[0] } })
  }
}

/** The same answer, whose connection is lost before the last quarter of the body. */
async function brokenOff(response: Response): Promise<Response> {
  if (response.body === null) return response
  const bytes = new Uint8Array(await response.arrayBuffer())
  let isSent = false
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (isSent) return controller.error(new TypeError('terminated'))
      isSent = true
      controller.enqueue(bytes.subarray(0, Math.ceil(bytes.length * 0.75)))
    },
  })
  const { status, headers } = response
  return new Response(body, { status, headers })
}
