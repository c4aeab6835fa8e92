import { chmod } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Operations } from '../operations/operations.ts'
import { closeServer } from './close-server.ts'
import { operationRoutes } from './http-operations.ts'
import { HttpStreams } from './http-stream.ts'
import { monitoringRoutes } from './monitoring-routes.ts'
import { leaveSocket, placeSocket } from './socket-path.ts'

/** The most bytes in the address of a request and its headers: a filter may be long. */
const MOST_QUESTION = 256 * 1024

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
  app.route('/', monitoringRoutes(operations))
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
      await closeServer(server, streams)
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
