// Measures one system in a process of its own: run-round.ts starts it with what it needs, as JSON.
import { measurePeer } from './measure-peer.ts'
import type { OpenPeer, Place, Workload } from './peer.ts'

/** What one process measures. */
export interface Order {
  readonly peer: keyof typeof peers
  readonly place: Place
  readonly workload: Workload
  /** The first process of its server. */
  readonly server?: number
}

const peers = {
  tidings: () => import('./tidings.ts'),
  'better-sqlite3': () => import('./better-sqlite3.ts'),
  bullmq: () => import('./bullmq.ts'),
  'graphile-worker': () => import('./graphile-worker.ts'),
  'pg-boss': () => import('./pg-boss.ts'),
} satisfies Readonly<Record<string, () => Promise<{ readonly open: OpenPeer }>>>

const order = JSON.parse(process.argv[2] ?? '{}') as Order
const { open } = await peers[order.peer]()
const peer = await open(order.place)
console.log(JSON.stringify(await measurePeer(peer, order.workload, order.server)))
await peer.close()
