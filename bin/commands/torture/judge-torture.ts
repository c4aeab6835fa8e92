import { describeCall } from '../../../lib/cli.ts'
import { openLog } from '../../../lib/index.ts'
import type { Tormented } from './torment.ts'

/** What was found in the log and in the record of the world. */
export interface Judgement {
  /** How many events there are. */
  readonly events: number
  /** How many deliveries are parked. */
  readonly parked: number
  /** What must not happen, in sentences. */
  readonly harm: readonly string[]
}

/** Compares what handlers did with what the log says. */
export async function judgeTorture({ timeline, exits, rested }: Tormented, directory: string): Promise<Judgement> {
  const harm = [...repetitions(timeline.repeated)]
  const [words] = exits
  if (words !== undefined)
    harm.push(`the agent ended by itself${exits.length === 1 ? '' : `, ${exits.length} times`}: ${words}`)
  if (!rested && words === undefined)
    harm.push('events still wait, days after the last fault: see tidings listeners ls')
  const log = await openLog(directory)
  try {
    const { problems } = await log.verify()
    harm.push(...problems.map((problem) => `the log is damaged: ${JSON.stringify(problem)}`))
    let parked = 0
    for (const { listener, seq, handled } of handledOf(timeline.deliveries)) {
      const state = (await log.place(listener, seq))?.state
      if (state === 'parked') parked += 1
      if (state === 'settled' && !handled)
        harm.push(`listener ${listener} began event ${seq}, never ended it, and will not get it again`)
    }
    return { events: await log.last(), parked, harm }
  } finally {
    await log.close()
  }
}

function repetitions(repeated: Tormented['timeline']['repeated']): readonly string[] {
  const kinds = new Map<string, { count: number; readonly first: string }>()
  for (const call of repeated) {
    const kind = `${call.by} sent ${call.asked.replace(/\?.*$/, '')}`
    const known = kinds.get(kind)
    if (known === undefined) kinds.set(kind, { count: 1, first: describeCall(call) })
    else known.count += 1
  }
  return Array.from(kinds, ([kind, { count, first }]) => {
    const times = count === 1 ? 'once more' : `${count} times more`
    return `${kind} ${times} than it has to, without the delivery's key: ${first.slice(0, 200)}`
  })
}

interface Handled {
  readonly listener: string
  readonly seq: number
  handled: boolean
}

function handledOf(deliveries: Tormented['timeline']['deliveries']): Iterable<Handled> {
  const all = new Map<string, Handled>()
  for (const { listener, seq, status } of deliveries) {
    const key = `${seq} ${listener}`
    const known = all.get(key) ?? { listener, seq, handled: false }
    known.handled ||= status === 'handled'
    all.set(key, known)
  }
  return all.values()
}
