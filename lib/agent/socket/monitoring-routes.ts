import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { Operations } from '../operations/operations.ts'
import { type App, PLAIN_TEXT } from './http-operations.ts'

/** Whether an agent takes work, as `/readyz` answers. */
interface Readiness {
  /** Whether the agent runs and does not stop, and its log accepts writes. */
  readonly ready: boolean
  /** What the agent does. */
  readonly state: 'running' | 'stopping' | 'stopped'
  /** The state of the log. */
  readonly log: 'ready' | 'failed' | 'closed'
}

/**
 * What monitoring asks, at the addresses that it expects: `/metrics`; `/healthz`, whether the process answers; `/readyz`,
 * whether the agent takes work (200) or not (503). The last two tell nothing about the agent and read nothing.
 */
export function monitoringRoutes(operations: Pick<Operations, 'health' | 'metrics'>): App {
  const app: App = new Hono<{ Bindings: HttpBindings }>()
  app.get('/metrics', async (c) => c.body(await operations.metrics(), 200, { 'content-type': PLAIN_TEXT }))
  app.get('/healthz', (c) => c.json({ alive: true }))
  app.get('/readyz', async (c) => {
    const { healthy: ready, state, log } = await operations.health()
    const answer: Readiness = { ready, state, log }
    return c.json(answer, ready ? 200 : 503)
  })
  return app
}
