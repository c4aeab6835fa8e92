import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { Logger } from '../../core/logger.ts'
import type { Operations } from '../operations/operations.ts'
import { type App, type AskedOperation, operationRoutes } from '../socket/http-operations.ts'
import type { HttpStreams } from '../socket/http-stream.ts'
import { monitoringRoutes } from '../socket/monitoring-routes.ts'
import type { PageFile } from './files.ts'
import type { Visitor } from './guard.ts'
import { isOffered } from './offered.ts'
import { writeScrubbed } from './write-scrubbed.ts'

/** The longest question in a log line, in characters. */
const LONGEST = 1000

/** What the page learns about itself, at `api/page`. */
export interface PageFacts {
  readonly agent: string
  /** Whether this visitor may only look. */
  readonly readOnly: boolean
  /** The time zone of the agent. */
  readonly timezone: string
}

/** What the routes of a page need. */
interface PageRoutes {
  readonly agent: string
  readonly timezone?: string | undefined
  readonly files: ReadonlyMap<string, PageFile>
  readonly streams: HttpStreams
  readonly logger: Logger
  readonly scrub?: ((text: string) => string) | undefined
  /** Who asks. */
  visitorOf(incoming: object): Visitor
}

/** The routes of a page, for requests that its guard has admitted: its files, and the operations below `api/`. */
export function pageRoutes(operations: Operations, options: PageRoutes): App {
  const { agent, files, streams, logger, scrub = (text) => text, visitorOf } = options
  const write = writeScrubbed(scrub)
  const asked = ({ name, operation, question, incoming }: AskedOperation): void => {
    if (operation.method !== 'POST') return
    const text = write(question)
    const shown: unknown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : JSON.parse(text)
    logger.info({ operation: name, question: shown, by: scrub(visitorOf(incoming).by) }, 'asked')
  }
  const timezone = options.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const app: App = new Hono<{ Bindings: HttpBindings }>()
  app.use('/api/*', async (c, next) => {
    await next()
    c.header('cache-control', 'no-store')
  })
  app.get('/api/page', (c) => {
    const facts: PageFacts = { agent, readOnly: visitorOf(c.env.incoming).rights === 'look', timezone }
    return c.json(facts)
  })
  app.route('/', operationRoutes(operations, streams, { base: '/api', offers: isOffered, asked, write }))
  app.route('/', monitoringRoutes(operations))
  app.get('/:name?', (c) => {
    const file = files.get(c.req.param('name') ?? 'index.html')
    if (file === undefined) return c.notFound()
    const isGzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
    const headers = {
      'content-type': file.type,
      'cache-control': 'private, no-cache',
      vary: 'accept-encoding',
      etag: `"${file.tag}${isGzip ? '-gzip' : ''}"`,
    }
    if (c.req.header('if-none-match') === headers.etag) return c.body(null, 304, headers)
    if (!isGzip) return c.body(file.bytes, 200, headers)
    return c.body(file.gzipped, 200, { ...headers, 'content-encoding': 'gzip' })
  })
  return app
}
