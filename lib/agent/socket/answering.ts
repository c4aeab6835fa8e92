import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Operations } from '../operations/operations.ts'
import { operationRoutes } from './http-operations.ts'
import type { HttpStreams } from './http-stream.ts'
import { monitoringRoutes } from './monitoring-routes.ts'

/** The identity of the agent that serves. */
export interface AgentIdentity {
  readonly agent: string
  readonly pid: number
  readonly since: string
}

/** Answers a request. */
export type Listen = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>

/** Answers the questions of commands and of monitoring. */
export function answering(operations: Operations, who: AgentIdentity, streams: HttpStreams): Listen {
  const app = operationRoutes(operations, streams)
  app.route('/', monitoringRoutes(operations))
  app.get('/', (c) => c.json(who))
  return getRequestListener(app.fetch, { overrideGlobalObjects: false })
}
