import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../measure.ts'
import { draft, perSecond, publish } from '../workload.ts'
import type { Peer, Round, Wait, Workload } from './peer.ts'

/**
 * Measures a system: new events until the last is acked, the same events again, then a steady rate.
 *
 * @param server the first process of its server
 * @throws Error if an event is not delivered exactly once
 */
export async function measurePeer(peer: Peer, workload: Workload, server: number | undefined): Promise<Round> {
  const { events, inFlight, perAccept } = workload
  const heard = new Heard()
  await peer.listen((identifier) => heard.add(identifier))
  const all = { from: 0, to: events, inFlight, perAccept }
  let accepted = 0
  const delivered = await perSecond(events, async () => {
    accepted = await perSecond(events, () => publish(peer, all))
    await heard.reached(events)
    await peer.acked()
  })
  const duplicates = await perSecond(events, () => publish(peer, all))
  const waits: Wait[] = []
  let from = events
  for (const rate of workload.rates) {
    const count = rate * workload.seconds
    waits.push(await steady(peer, heard, { from, count, rate }))
    from += count
  }
  // At the end: a forced collection shrinks the heap, and what follows is slower for seconds.
  globalThis.gc?.()
  const memory = anonymous(process.pid) + (server === undefined ? 0 : anonymous(server))
  // Whatever delivers a duplicate has done so by then.
  await sleep(1000)
  if (heard.count !== from) throw new Error(`${from} events, but ${heard.count} deliveries`)
  return { accepted, duplicates, delivered, memory, waits }
}

/**
 * Publishes one by one. The answers are not kept: the collector would copy them, and that would be measured. One that is a
 * rejection ends the process.
 */
async function steady(
  peer: Peer,
  heard: Heard,
  { from, count, rate }: { from: number; count: number; rate: number },
): Promise<Wait> {
  const sent = new Float64Array(count)
  const took: number[] = []
  heard.watch = (n) => took.push(performance.now() - (sent[n - from] as number))
  const began = performance.now()
  for (let n = 0; n < count; await sleep(1)) {
    const due = Math.min(count, Math.ceil(((performance.now() - began) / 1000) * rate))
    for (; n < due; n++) {
      sent[n] = performance.now()
      void peer.accept([draft(from + n)])
    }
  }
  const reached = (count / (performance.now() - began)) * 1000
  await heard.reached(from + count)
  await peer.acked()
  heard.watch = undefined
  return { rate, reached, p50: quantile(took, 0.5), p99: quantile(took, 0.99) }
}

/** What the listener has heard. */
class Heard {
  count = 0
  watch: ((n: number) => void) | undefined
  #awaited = 0
  #resolve: () => void = () => undefined

  add(identifier: string): void {
    this.watch?.(Number(identifier.slice(identifier.indexOf('#') + 1)))
    this.count += 1
    if (this.count === this.#awaited) this.#resolve()
  }

  async reached(count: number): Promise<void> {
    this.#awaited = count
    if (this.count < count) await new Promise<void>((resolve) => (this.#resolve = resolve))
  }
}

/** RssAnon of a process and all below it, in bytes. */
function anonymous(pid: number): number {
  try {
    const [, kilobytes = '0'] = /RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []
    return children.reduce((sum, child) => sum + anonymous(Number(child)), Number(kilobytes) * 1024)
  } catch {
    // It has ended meanwhile.
    return 0
  }
}
