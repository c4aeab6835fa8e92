import type { Caller, SimulatedWorld } from '../../../lib/cli.ts'
import type { Answered, Asked } from './messages.ts'

/** Asks the world for what a tortured agent has asked for. */
export async function answerTo(world: SimulatedWorld, caller: Caller, asked: Asked): Promise<Answered> {
  try {
    if ('program' in asked) {
      const { file, args, ...options } = asked.program
      return { result: await world.execFor(caller)(file, args, options) }
    }
    const { method, url, headers, body } = asked.request
    const response = await world.fetchFor(caller)(url, {
      method,
      // As handlers mostly give them.
      headers: Object.fromEntries(headers),
      ...(body === undefined ? {} : { body: Buffer.from(body, 'base64') }),
    })
    const bytes = response.body === null ? null : Buffer.from(await response.arrayBuffer()).toString('base64')
    return { response: { status: response.status, headers: [...response.headers], body: bytes } }
  } catch (thrown) {
    const { name, message, code } = thrown as Error & { readonly code?: unknown }
    return { error: { name, message, ...(typeof code === 'string' ? { code } : {}) } }
  }
}
