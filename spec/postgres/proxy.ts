import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { prefix } from '../support/temporary-directory.ts'

/** The name of a server's socket in its directory. */
const SOCKET = '.s.PGSQL.5432'

/** A network between one agent and the server. */
export interface Proxy {
  /** What takes the place of the server's directory in the address. */
  readonly directory: string
  /** Holds everything that is sent, in both directions and also on new connections, for `ms` or until a promise settles; then it arrives. */
  cut(end: number | Promise<unknown>): Promise<void>
  /**
   * Holds what is sent for a moment, then ends the agent's connections: it connects again, and what the old ones have sent
   * arrives at the server `ms` later.
   */
  deliverLate(ms: number): Promise<void>
  remove(): Promise<void>
}

/** Opens a network to the server whose socket is in a directory. */
export async function startProxy(server: string): Promise<Proxy> {
  const directory = mkdtempSync(join(tmpdir(), prefix))
  const lines = new Set<Line>()
  let isCut = false
  const listening = createServer((client) => {
    const line = new Line(client, connect(join(server, SOCKET)), () => lines.delete(line))
    lines.add(line)
    if (isCut) line.hold()
  })
  await new Promise<void>((resolve) => listening.listen(join(directory, SOCKET), resolve))
  return {
    directory,
    async cut(end) {
      isCut = true
      for (const line of lines) line.hold()
      await (typeof end === 'number' ? sleep(end) : end)
      isCut = false
      for (const line of lines) line.release()
    },
    async deliverLate(ms) {
      const old = [...lines]
      for (const line of old) line.hold()
      await sleep(100)
      for (const line of old) line.drop()
      await sleep(ms)
      for (const line of old) line.release()
    },
    async remove() {
      for (const line of lines) line.end()
      await new Promise((resolve) => listening.close(resolve))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** One connection. What is held waits in order, and so does its end. */
class Line {
  readonly #client: Socket
  readonly #server: Socket
  readonly #held: (() => void)[] = []
  #holds = false

  constructor(client: Socket, server: Socket, ended: () => void) {
    this.#client = client
    this.#server = server
    const pass = (act: () => void): void => void (this.#holds ? this.#held.push(act) : act())
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => undefined)
      from.on('data', (bytes) => pass(() => to.write(bytes)))
      from.on('close', () => pass(() => to.end()))
    }
    server.on('close', ended)
  }

  hold(): void {
    this.#holds = true
  }

  release(): void {
    this.#holds = false
    for (const act of this.#held.splice(0)) act()
  }

  /** Ends the agent's side. */
  drop(): void {
    this.#client.destroy()
  }

  end(): void {
    this.#client.destroy()
    this.#server.destroy()
  }
}
