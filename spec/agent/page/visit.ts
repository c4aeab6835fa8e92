import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import type { Part } from '../../../lib/agent/define/agent.ts'
import type { Operations } from '../../../lib/agent/operations/operations.ts'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import { page } from '../../../lib/agent/page/page.ts'
import type { Page, PageOptions } from '../../../lib/agent/page/page-options.ts'
import { controlOf } from '../../../lib/agent/start.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { place } from '../../support/agent-harness.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** A page of an agent, and what its visitors need. */
export interface Visited {
  readonly log: LevelLog
  readonly page: Page
  readonly directory: string
  /** `127.0.0.1:7433`. */
  readonly host: string
  readonly token: string
  readonly readOnlyToken: string
  /** The cookie of someone who opened the address. */
  readonly cookie: string
  /** The operations that ran, by their names. */
  readonly ran: string[]
}

/** Serves the page of an agent of these parts until the test ends. Its time stands still. */
export async function visited(
  t: TestContext,
  parts: readonly Part[] = [],
  options: Partial<PageOptions> = {},
): Promise<Visited> {
  const { log, begin } = await place(t)
  const running = await begin(parts)
  const directory = temporaryDirectory(t)
  const ran: string[] = []
  const served = await page(noting(operationsOf(log, controlOf(running)), ran), {
    agent: 'home',
    directory,
    port: 0,
    ...options,
  })
  t.after(() => served.close())
  const host = `127.0.0.1:${served.port}`
  const tokenOf = (address: string): string => new URL(address).searchParams.get('token') ?? ''
  const token = tokenOf(served.address)
  const { headers } = await visit(host, `/?token=${token}`)
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  return { log, page: served, directory, host, token, readOnlyToken: tokenOf(served.readOnlyAddress), cookie, ran }
}

/** The operations, and the names of those that were called. */
function noting<T extends object>(operations: T, ran: string[], group = ''): T {
  return Object.fromEntries(
    Object.entries(operations).map(([name, each]) => {
      if (typeof each !== 'function') return [name, noting(each as Operations, ran, `${group}${name}.`)]
      const call = (...values: readonly unknown[]): unknown => {
        ran.push(group + name)
        return (each as (...values: readonly unknown[]) => unknown)(...values)
      }
      return [name, call]
    }),
  ) as T
}

/** An answer as a whole. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Asks a page, with exactly these headers; with a body, by POST. */
export async function visit(
  host: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  const response = await visiting(host, path, headers, body)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

/** Like `visit`, for an answer that does not end. */
export function visiting(
  host: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<IncomingMessage> {
  const [, port] = host.split(':')
  const method = body === undefined ? 'GET' : 'POST'
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: false }, resolve)
      .on('error', reject)
      .end(body)
  })
}

/** The headers with which the page itself acts. */
export function acting({ host, cookie }: Visited): Record<string, string> {
  return {
    cookie,
    origin: `http://${host}`,
    'sec-fetch-site': 'same-origin',
    'x-tidings': '1',
    'content-type': 'application/json',
  }
}

/** Writes these bytes to a connection, and resolves to all that comes back until it closes. */
export async function raw(host: string, text: string): Promise<string> {
  const socket = connect(Number(host.split(':')[1]), '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
  // The server may close while there is more to read.
  socket.on('error', () => undefined)
  socket.write(text)
  await once(socket, 'close')
  return answer
}
