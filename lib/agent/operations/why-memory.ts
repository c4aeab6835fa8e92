import { defined } from '../../core/defined.ts'
import { memoryNamespace } from '../../dispatch/memory-gate.ts'
import { CELLS, JUDGED, type Judged, type Kept, openWait, VERDICTS, verdictKey } from '../../listener/judge/kept.ts'
import type { Log } from '../../log/port.ts'
import type { WhyAnswer, WhyVerdict } from '../inspect/why-answer.ts'

/** The memory that holds an event back. */
export interface OpenWait {
  readonly until: number | undefined
  readonly seqs?: readonly number[]
}

/** The memory that holds an event back; undefined if none does, or it is not among the first `most`. */
export async function openBatch(
  log: Log,
  listener: string,
  seq: number,
  most = Number.POSITIVE_INFINITY,
): Promise<OpenWait | undefined> {
  let left = most
  for await (const { value } of log.store(memoryNamespace(listener)).list(CELLS)) {
    if (--left < 0) return undefined
    const open = openWait(value)
    if (open === undefined) continue
    const cell = value as { readonly seqs?: readonly number[]; readonly seq?: number }
    if (cell.seqs?.includes(seq)) return { until: open.until, seqs: cell.seqs }
    if (cell.seq === seq) return { until: open.until }
  }
  return undefined
}

/** A batch that was handed out: under which event, and which events are in it. */
export interface Batch {
  readonly by: number
  readonly seqs: readonly number[]
}

/** What the filters that remember keep of an event. */
export async function memoryOf(
  log: Log,
  listener: string,
  seq: number,
): Promise<Pick<WhyAnswer, 'memory'> & { readonly batch?: Batch }> {
  const memory = log.store(memoryNamespace(listener))
  const judged = (await memory.get<never>(JUDGED))?.value as Judged | undefined
  if (judged === undefined) return {}
  const { first, last } = judged
  const kept = (await memory.get<never>(verdictKey(seq)))?.value as Kept | undefined
  const verdict = seq > last ? undefined : verdictOf(kept, seq < first)
  return {
    memory: { first, last, ...defined({ verdict }) },
    ...defined({ batch: await batchOf(log, listener, seq, kept) }),
  }
}

async function batchOf(log: Log, listener: string, seq: number, kept: Kept | undefined): Promise<Batch | undefined> {
  if (kept?.batch !== undefined) return { by: seq, seqs: kept.batch }
  if (kept?.member !== true) return undefined
  for await (const { key, value } of log.store(memoryNamespace(listener)).list<never>(VERDICTS)) {
    const { batch } = value as Kept
    if (batch?.includes(seq) === true) return { by: Number(key.slice(VERDICTS.length)), seqs: batch }
  }
  return undefined
}

function verdictOf(kept: Kept | undefined, isBefore: boolean): WhyVerdict {
  if (kept === undefined) return isBefore ? 'unjudged' : 'filtered'
  if (kept.until !== undefined) return 'waiting'
  return kept.member === true || kept.batch !== undefined ? 'batch' : 'passed'
}
