import { chmod } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { systemClock } from '../../core/clock.ts'
import type { Operations } from '../operations/operations.ts'
import { operationRoutes } from './http-operations.ts'
import { HttpStreams } from './http-stream.ts'
import { leaveSocket, placeSocket } from './socket-path.ts'

/** The most bytes in the address of a request and its headers: a filter may be long. */
const MOST_QUESTION = 256 * 1024

/** How long pending answers may take at the end, in ms. */
const GRACE = 1000

/** The identity of the agent that serves. */
export interface AgentIdentity {
  readonly agent: string
  readonly pid: number
  readonly since: string
}

/** A running server. `close` resolves when no request is pending. */
export interface SocketServer {
  readonly path: string
  close(): Promise<void>
}

/**
 * Serves operations as HTTP and JSON on a Unix socket in the log's folder, for its owner alone: any client that can
 * connect may do everything. Nothing binds to the network.
 */
export async function serve(operations: Operations, who: AgentIdentity, directory: string): Promise<SocketServer> {
  const streams = new HttpStreams()
  const path = await placeSocket(directory)
  const app = operationRoutes(operations, streams)
  app.get('/', (c) => c.json(who))
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer(
    { maxHeaderSize: MOST_QUESTION },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  await listen(server, path)
  return {
    path,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      streams.end()
      server.closeIdleConnections()
      const cancel = systemClock.timer(() => server.closeAllConnections(), GRACE)
      await closed
      cancel()
      await leaveSocket(directory, path)
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => void chmod(path, 0o600).then(resolve, reject))
  })
}
