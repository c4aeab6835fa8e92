import { describe, TidingsError } from '../core/errors.ts'
import type { Exec } from '../core/exec.ts'
import type { World } from '../core/world.ts'

/** A fault in a poll: which call to the service, counted from 0, and whether it rejects, answers 503, or breaks off in the middle of its answer. */
export interface Fault {
  readonly call: number
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

/** The same world with a fault in one call. A program fails instead of answering 503. */
export function faulty(world: World, { call, as }: Fault): World {
  let calls = 0
  const breaks = (): boolean => calls++ === call
  const fetch: World['fetch'] = async (...request) => {
    if (!breaks()) return world.fetch(...request)
    if (as === 'answers 503') return new Response('Service Unavailable', { status: 503 })
    if (as === 'breaks off') return brokenOff(await world.fetch(...request))
    throw new TypeError('fetch failed')
  }
  const exec: Exec = async (...program) => {
    if (!breaks()) return world.exec(...program)
    throw new TidingsError('TIDINGS_EXEC_FAILED', `${describe(program[0])} failed`, { details: { file: program[0] } })
  }
  return { ...world, fetch, exec }
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
