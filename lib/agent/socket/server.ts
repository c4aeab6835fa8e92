import { chmod } from 'node:fs/promises'
import type { Server } from 'node:http'
import { systemClock } from '../../core/clock.ts'
import { SECOND } from '../../core/time-units.ts'
import type { Operations } from '../operations/operations.ts'
import type { AgentIdentity, Listen } from './answering.ts'
import { closeServer, HttpStreams } from './http-stream.ts'
import { leaveSocket, placeSocket } from './socket-path.ts'

/** The most bytes in the address of a request and its headers: a filter may be long. */
const MOST_QUESTION = 256 * 1024

/**
 * How long an agent runs, in ms, before it loads what answers, unless a command asks earlier. A run that ends at once
 * saves that time, a fifth of its start. Decision 0085.
 */
const SOON = SECOND

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
  let loading: Promise<Listen> | undefined
  const load = (): Promise<Listen> =>
    (loading ??= import('./answering.ts').then(({ answering }) => answering(operations, who, streams)))
  const { createServer } = await import('node:http')
  const server = createServer({ maxHeaderSize: MOST_QUESTION }, (incoming, outgoing) => {
    const answer = (to: Listen): void => {
      // The client may have gone meanwhile.
      if (!outgoing.destroyed) void to(incoming, outgoing)
    }
    load().then(answer, (error: Error) => outgoing.destroy(error))
  })
  await listen(server, path)
  // Not at the first question alone: until then, an upgrade may have replaced the files of this package.
  const cancel = systemClock.timer(() => void load().catch(() => undefined), SOON)
  return {
    path,
    async close() {
      cancel()
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
