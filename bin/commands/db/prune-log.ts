import type { Operations, Pruned, Retention } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { whileWaiting } from '../../print/progress.ts'
import { size } from '../../print/size.ts'
import { tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'
import { type Bounds, retentionOf } from './retention.ts'

/** Removes events outside the bounds after confirmation, and prints what holds the rest; resolves to the exit code. */
export function pruneLog(asked: Asked & Bounds): Promise<number> {
  const retention = retentionOf(asked)
  return askLog(asked, async (operations) => {
    if (asked.yes !== true) await confirm(await consequence(operations, retention), false)
    const pruned = await whileWaiting('pruning the log', operations.db.prune(retention))
    if (asked.json) printJson(pruned)
    else for (const line of sentences(pruned, retention)) tell(line)
    return exitCodes.ok
  })
}

async function consequence({ db, events }: Operations, retention: Retention): Promise<string> {
  const { age, count, bytes, identities } = retention
  const { events: there } = await db.stats()
  const parts = [
    ...(age === undefined ? [] : [`${some(await events.count({ until: String(age) }), 'event')} older than ${age}`]),
    ...(count === undefined ? [] : [`the oldest of ${some(there.count, 'event')} but ${count}`]),
    ...(bytes === undefined ? [] : [`what is more than ${size(bytes)}`]),
    ...(identities === undefined
      ? []
      : [`what is known of events older than ${identities}, which may then be told again`]),
  ]
  return `this would remove, for good, ${parts.join(', and ')}`
}

const whys = {
  cursor: 'has not heard',
  retry: 'waits to hear again',
  parked: 'has parked',
  'in flight': 'is handling',
} as const

function* sentences({ removed, first, last, identities, heldBy }: Pruned, retention: Retention): Generator<string> {
  const kept = first > last ? 'none is left' : `${first} to ${last} are kept`
  yield `${some(removed, 'event')} removed; ${kept}`
  if (retention.identities !== undefined) yield `${some(identities, 'identity', 'identities')} forgotten`
  if (heldBy !== undefined) {
    const { listener, why, seq } = heldBy
    yield `the rest is held by listener ${JSON.stringify(listener)}, which ${whys[why]} event ${seq}`
  }
  if (removed > 0 || identities > 0) yield 'the disk is free once it is compacted: tidings db compact'
}
