import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Operations } from '../../lib/agent/operations/operations.ts'
import { serve } from '../../lib/agent/socket/server.ts'

const files: Readonly<Record<string, string>> = {
  '/': 'index.html',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
}

const kinds: Readonly<Record<string, string>> = { html: 'text/html', css: 'text/css', js: 'text/javascript' }

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The page of an agent, on a free port or the one given. */
export interface ServedPage {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Serves the page and the operations that it asks for. */
export async function servePage(operations: Operations, directory: string, port = 0): Promise<ServedPage> {
  const who = { agent: 'home', pid: 1, since: '2026-01-01T00:00:00.000Z' }
  const socket = await serve(operations, who, directory)
  const server = createServer((incoming, outgoing) => {
    const { url = '/', method, headers } = incoming
    const file = files[url]
    if (file !== undefined) {
      const type = `${kinds[file.split('.').at(-1) ?? '']}; charset=utf-8`
      outgoing.writeHead(200, { 'content-type': type, 'content-security-policy': policy })
      return void outgoing.end(readFileSync(join(import.meta.dirname, '../../dist/page', file)))
    }
    const asked = request({ socketPath: socket.path, path: url.replace(/^\/api/, ''), method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing).once('close', () => answer.destroy())
    })
    asked.once('error', () => outgoing.destroy())
    incoming.pipe(asked)
  })
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  const { port: own } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${own}/`,
    port: own,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await socket.close()
    },
  }
}
