import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long what was published may take to be told, in ms: a poll and its deliveries on a busy machine. */
const PATIENCE = 120_000

/** What an agent told: a number, how many it had told with it, and its version. */
export interface Told {
  readonly n: number
  readonly count: number
  readonly version: string
}

/** A service that publishes numbers, one after another, and hears what the agent makes of them. */
export interface Traffic {
  readonly url: string
  /** Stops publishing, and waits until the agent has told everything. */
  settled(): Promise<void>
  published(): number
  told(): readonly Told[]
  close(): Promise<void>
}

/** Publishes a number each 100 ms: GET answers with all of them, and POST takes what is told. */
export async function startTraffic(): Promise<Traffic> {
  const told: Told[] = []
  let last = 1
  const server = createServer((request, response) => {
    // A connection that is kept would outlive the test in which the agent opened it.
    response.setHeader('connection', 'close')
    if (request.method === 'GET') {
      response.end(JSON.stringify(Array.from({ length: last }, (_, index) => index + 1)))
      return
    }
    void request.toArray().then((chunks) => {
      told.push(JSON.parse(chunks.join('')) as Told)
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const timer = setInterval(() => last++, 100)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async settled() {
      clearInterval(timer)
      for (const late = Date.now() + PATIENCE; told.length < last && Date.now() < late; ) await sleep(200)
    },
    published: () => last,
    told: () => told,
    close() {
      clearInterval(timer)
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
