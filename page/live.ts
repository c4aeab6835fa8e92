import { signal } from '@preact/signals-core'
import { learn } from './facts.ts'
import { query } from './text.ts'
import type { Batch } from './types.ts'

/** How long to wait before the next try to connect, in ms: someone who watches a restart sees it within 5 s. */
const AGAIN = 1500

/** The seconds of the sparkline. */
export const SECONDS = 60

/** Whether the stream is open: `lost` after it has broken. */
export const connection = signal<'opening' | 'open' | 'lost'>('opening')

/** How many events arrived in each of the last seconds, the newest last. */
export const perSecond = signal<readonly number[]>(Array.from({ length: SECONDS }, () => 0))

/** The events a second of each type, over the last ten seconds. */
export const rates = signal<ReadonlyMap<string, number>>(new Map())

/** The seq of the newest event. */
export const newest = signal(0)

type Hears = (batch: Batch) => void

const hearers = new Set<Hears>()

/** Calls back with each batch, until the returned function is called. A batch with `resync`: read again what you show. */
export function onBatch(hears: Hears): () => void {
  hearers.add(hears)
  return () => void hearers.delete(hears)
}

let source: EventSource | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let arrived = 0
const recent: ReadonlyMap<string, number>[] = []
let second = new Map<string, number>()

/** Follows the agent for as long as the page is visible. */
export function follow(): void {
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'visible' ? connect() : stop()))
  setInterval(tick, 1000)
  connect()
}

function connect(): void {
  stop()
  // The seq after which to begin: what happens meanwhile is a gap, which the first batch closes.
  const stream = new EventSource(`api/live${query({ after: newest.peek() || undefined })}`)
  source = stream
  stream.addEventListener('open', () => {
    connection.value = 'open'
    learn().catch(() => undefined)
  })
  stream.addEventListener('message', ({ data }: MessageEvent<string>) => take(JSON.parse(data) as Batch))
  // The browser would not try again after some answers, and after others it waits for longer than a reader does.
  stream.addEventListener('error', () => {
    stop()
    connection.value = 'lost'
    retry = setTimeout(connect, AGAIN)
  })
}

function stop(): void {
  clearTimeout(retry)
  source?.close()
  source = undefined
}

function take(batch: Batch): void {
  // Another log: its seqs begin again.
  const isOther = batch.seq < newest.peek()
  newest.value = batch.seq
  if (!batch.resync) {
    arrived += batch.n
    for (const [type, n] of Object.entries(batch.byType)) second.set(type, (second.get(type) ?? 0) + n)
  }
  for (const hears of hearers) hears(isOther ? { ...batch, resync: true } : batch)
}

function tick(): void {
  if (document.visibilityState !== 'visible') return
  perSecond.value = [...perSecond.peek().slice(1), arrived]
  arrived = 0
  recent.push(second)
  second = new Map()
  if (recent.length > 10) recent.shift()
  const sums = new Map<string, number>()
  for (const each of recent) for (const [type, n] of each) sums.set(type, (sums.get(type) ?? 0) + n)
  if (sums.size > 0 || rates.peek().size > 0)
    rates.value = new Map(Array.from(sums, ([type, n]) => [type, n / recent.length]))
}
