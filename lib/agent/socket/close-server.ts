import type { Server } from 'node:http'
import { systemClock } from '../../core/clock.ts'
import type { HttpStreams } from './http-stream.ts'

/** How long pending answers may take at the end, in ms. */
const GRACE = 1000

/** Closes a server: ends the answers that follow the log, and lets the others end. Resolves when nothing is pending. */
export async function closeServer(server: Server, streams: HttpStreams): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  streams.end()
  server.closeIdleConnections()
  const cancel = systemClock.timer(() => server.closeAllConnections(), GRACE)
  await closed
  cancel()
}
