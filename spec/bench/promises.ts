import type { ClassicLevel } from 'classic-level'
import { toJson } from '../../lib/core/json.ts'
import { keys } from '../../lib/level/format/keys.ts'
import { decodeEvent, encodeEvent, encodeIdentity } from '../../lib/level/format/records.ts'
import { recordsIn } from '../../lib/level/format/segments.ts'
import { SegmentWriter } from '../../lib/level/write/segment-writer.ts'
import { storedEvent } from '../../lib/log/stored-event.ts'
import { draft } from './workload.ts'

// What the promises to an event cost by themselves, on one thread and without an engine around them: nothing that keeps
// them on one thread can be faster.

/** As `rawWrite`, for events whose identities are looked up, and whose data is copied, frozen and sealed with a checksum. */
export async function writePromised(db: ClassicLevel, from: number, to: number, batchSize: number): Promise<void> {
  const known = new Map<string, number>()
  // As in the engine, a batch is built while the one before is synced.
  let writing: Promise<void> | undefined
  for (let n = from; n < to; n += batchSize) {
    const batch = db.batch()
    const segments = new SegmentWriter((key, text) => batch.put(key, text))
    for (let seq = n + 1; seq <= Math.min(n + batchSize, to); seq++) {
      const { type, identifier, data } = draft(seq - 1)
      const key = keys.identity(type, identifier)
      if (known.has(key)) throw new Error('each event is new')
      known.set(key, seq)
      const kept = toJson(data)
      const event = storedEvent({ type, identifier, data: kept }, seq, 1_700_000_000_000)
      segments.add(seq, type, encodeEvent(event, JSON.stringify(kept), undefined, true))
      batch.put(key, encodeIdentity(key, [seq]))
    }
    segments.end()
    await writing
    writing = batch.write({ sync: true })
  }
  await writing
}

/** Reads such events in order, with their checksums compared, and frozen. Returns how many. */
export async function readPromised(db: ClassicLevel): Promise<number> {
  let count = 0
  const iterator = db.iterator({ gte: keys.event(0), lt: 'f', highWaterMarkBytes: 1 << 20 })
  for (let page = await iterator.nextv(80); page.length > 0; page = await iterator.nextv(80)) {
    for (const [key, text] of page)
      for (const [seq, record] of recordsIn(key, text)) if (decodeEvent(seq, record).told) count += 1
  }
  await iterator.close()
  return count
}
