import type { Operations, Pruned, Retention } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askAt } from '../../logs/ask-log.ts'
import { whichLog } from '../../logs/which-log.ts'
import { formatSize, plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { whileWaiting } from '../../print/progress.ts'

export const prune = command({
  summary:
    'Remove old events, but none that a listener still needs. A removed event is still known, and not told again, unless --identities says so. Asks, or takes --yes; tidings db compact then frees the disk space. In PostgreSQL, whole partitions go, and the disk is free at once.',
  takes: [],
  options: {
    age: { type: 'string', describe: 'Keep events up to this age: 90d, 12h' },
    count: { type: 'number', describe: 'Keep this many events' },
    bytes: { type: 'string', describe: 'Keep this much: 500MB, 2GB, or a number of bytes' },
    identities: { type: 'string', describe: 'Forget identities after this time: they may be told again' },
    ...reading,
  },
  examples: [
    ['--age 90d', 'Asks, and removes events older than 90 days'],
    ['--count 10000 --bytes 2GB --yes', 'Keeps at most 10000 events, and at most 2 GB'],
    ['--age 30d --identities 365d', 'Also forgets identities after a year'],
  ],
  run: async (given) => {
    const { retentionOf } = await import('./retention.ts')
    const retention = retentionOf(given)
    const place = await whichLog(given)
    return askAt(place, async (operations) => {
      if (given.yes !== true) await confirm(await consequence(operations, retention), false)
      const pruned = await whileWaiting('pruning the log', operations.db.prune(retention))
      if (given.json) printJson(pruned)
      else for (const line of sentences(pruned, retention, isPostgres(place))) printLine(line)
      return exitCodes.ok
    })
  },
})

async function consequence({ db, events }: Operations, retention: Retention): Promise<string> {
  const { age, count, bytes, identities } = retention
  const { events: there } = await db.stats()
  const parts = [
    ...(age === undefined ? [] : [`${plural(await events.count({ until: String(age) }), 'event')} older than ${age}`]),
    ...(count === undefined ? [] : [`all but the newest ${count} of ${plural(there.count, 'event')}`]),
    ...(bytes === undefined ? [] : [`the oldest events beyond ${formatSize(bytes)}`]),
    ...(identities === undefined
      ? []
      : [`the identities of events older than ${identities}, which may then be told again`]),
  ]
  return `this removes, for good, ${parts.join(', and ')}`
}

const whys = {
  cursor: 'has not received',
  retry: 'waits to retry',
  parked: 'has parked',
  'in flight': 'is handling',
} as const

function* sentences(
  { removed, first, last, identities, heldBy }: Pruned,
  retention: Retention,
  isFree: boolean,
): Generator<string> {
  const kept = first > last ? 'none are left' : `${first} to ${last} are kept`
  yield `${plural(removed, 'event')} removed; ${kept}`
  if (retention.identities !== undefined) yield `${plural(identities, 'identity', 'identities')} removed`
  if (heldBy !== undefined) {
    const { listener, why, seq } = heldBy
    yield `the rest is held by listener ${JSON.stringify(listener)}, which ${whys[why]} event ${seq}`
  }
  if (!isFree && (removed > 0 || identities > 0)) yield 'to free the disk space: tidings db compact'
}
