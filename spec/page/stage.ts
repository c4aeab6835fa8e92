import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { agent, type Part } from '../../lib/agent/define/agent.ts'
import { operationsOf } from '../../lib/agent/operations/operations.ts'
import { page } from '../../lib/agent/page/page.ts'
import type { Running } from '../../lib/agent/run/running.ts'
import { start } from '../../lib/agent/start.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import type { Log } from '../../lib/log/port.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type Demo, demo } from './demo.ts'

type PageOptions = Parameters<typeof page>[1]
type Page = Awaited<ReturnType<typeof page>>

/** An agent with its page. */
export interface Stage {
  readonly log: Log
  readonly running: Running
  readonly page: Page
  /** Ends the page, and serves it again on the same port. */
  restart(meanwhile: () => Promise<void>): Promise<void>
}

/** Starts an agent of these parts on a log in memory, and serves its page, until the test ends. */
export async function stage(
  t: TestContext,
  parts: readonly Part[],
  options: Partial<PageOptions> = {},
): Promise<Stage> {
  const log = await memoryLog({ warn: () => undefined, limits: { data: 2 * 1024 * 1024 } })
  const running = await start(agent('home', parts), { log, logger: false })
  const directory = temporaryDirectory(t)
  const serve = (port: number): Promise<Page> =>
    page(operationsOf(log, running as never), { agent: 'home', directory, timezone: 'Europe/Berlin', ...options, port })
  let served = await serve(0)
  t.after(async () => {
    await served.close()
    await running.stop()
    await log.close()
  })
  return {
    log,
    running,
    get page() {
      return served
    },
    async restart(meanwhile) {
      const { port } = served
      await served.close()
      await meanwhile()
      served = await serve(port)
    },
  }
}

/** The demonstration with its page. */
export async function stageDemo(hours?: number): Promise<Demo & { readonly page: Page }> {
  const played = await demo(hours)
  const operations = operationsOf(played.log, played.running as never)
  const served = await page(operations, { agent: 'home', port: 0, timezone: 'Europe/Berlin' })
  return {
    ...played,
    page: served,
    async close() {
      await served.close()
      await played.close()
    },
  }
}

/** A proxy as people put before such a page, with its settings left as they are: a path of its own, and nothing more. */
export async function proxy(t: TestContext, path: string, target: () => number): Promise<{ readonly port: number }> {
  const server: Server = createServer(({ url = '', method, headers }, outgoing) => {
    if (!url.startsWith(path)) return void outgoing.writeHead(404).end()
    const asked = request({ port: target(), path: `/${url.slice(path.length)}`, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
      outgoing.once('close', () => answer.destroy())
    })
    asked.once('error', () => outgoing.destroy())
    asked.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return { port: (server.address() as AddressInfo).port }
}
