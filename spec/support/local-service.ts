import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/** A request that a local service received. */
export interface Asked {
  readonly method: string
  /** The path without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a local service answers. */
export interface Told {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string or bytes as they are; anything else as JSON. Default empty. */
  readonly body?: unknown
  /** Sends this many bytes of the body and then cuts the connection. */
  readonly cut?: number
  /** Sends this many bytes of the body, and then nothing more. */
  readonly stall?: number
  /** Never answers. */
  readonly hang?: true
  /** Compresses the body. */
  readonly gzip?: true
}

/** A server on the loopback that plays an outside service. */
export interface LocalService {
  /** Its address, without a slash at its end. */
  readonly url: string
  /** All requests so far, oldest first. */
  readonly asked: readonly Asked[]
  /** Replaces what it answers. */
  answer(with_: (asked: Asked) => Told | Promise<Told>): void
}

/** Starts a local service, which stops when the test ends. */
export async function localService(
  t: { after(work: () => unknown): void },
  answer: (asked: Asked) => Told | Promise<Told> = () => ({ status: 404 }),
): Promise<LocalService> {
  const asked: Asked[] = []
  let current = answer
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      void (async () => {
        const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://local')
        const body = Buffer.concat(chunks).toString()
        const one: Asked = { method: request.method ?? '', path, query, headers: request.headers, body }
        asked.push(one)
        const told = await current(one)
        if (told.hang === true) return
        const bytes = bytesOf(told)
        const json = typeof told.body === 'object' && !(told.body instanceof Uint8Array)
        response.writeHead(told.status ?? 200, {
          ...(json ? { 'content-type': 'application/json' } : {}),
          ...(told.gzip === true ? { 'content-encoding': 'gzip' } : {}),
          ...(told.cut === undefined && told.stall === undefined ? {} : { 'content-length': String(bytes.length) }),
          ...told.headers,
        })
        if (told.stall !== undefined) response.write(bytes.subarray(0, told.stall))
        else if (told.cut === undefined) response.end(bytes)
        else response.write(bytes.subarray(0, told.cut), () => response.destroy())
      })()
    })
  })
  await listen(server)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, answer: (next) => (current = next) }
}

/** The same answers, with the date of a clock. */
export function dated<A>(answer: (asked: A) => Told, now: () => number): (asked: A) => Told {
  return (asked) => {
    const told = answer(asked)
    return { ...told, headers: { date: new Date(now()).toUTCString(), ...told.headers } }
  }
}

function bytesOf({ body = '', gzip }: Told): Buffer {
  const plain =
    typeof body === 'string' || body instanceof Uint8Array ? bufferOf(body) : Buffer.from(JSON.stringify(body))
  // The least effort is enough: some bodies are large.
  return gzip === true ? gzipSync(plain, { level: 1 }) : plain
}

/** Without a copy of bytes. */
function bufferOf(body: string | Uint8Array): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}
