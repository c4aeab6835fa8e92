import { request } from 'node:http'
import type { AgentHealth } from '../run/health.ts'
import { findSocket } from './socket-path.ts'

/** An agent that does not answer within this time, in ms, is not healthy. */
const PATIENCE = 5000

/**
 * Asks the agent on the log in this directory for its health, with a bare request: loads neither the engine nor the
 * client. Resolves to undefined if no agent answers there.
 */
export async function askHealth(directory: string): Promise<AgentHealth | undefined> {
  const socketPath = await findSocket(directory)
  return socketPath === undefined ? undefined : answerOf(socketPath).catch(() => undefined)
}

function answerOf(socketPath: string): Promise<AgentHealth> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'tidings' }
    const asking = request({ socketPath, path: '/health', headers, agent: false, timeout: PATIENCE }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', reject)
      response.on('end', () => {
        try {
          // An agent of an older version does not know the question.
          if (response.statusCode !== 200) throw new Error(text)
          resolve(JSON.parse(text) as AgentHealth)
        } catch (error) {
          reject(error)
        }
      })
    })
    asking.on('timeout', () => asking.destroy(new Error('the agent does not answer')))
    asking.on('error', reject).end()
  })
}
