import { reasonOf, remembers, tracePipe, type WhyCode, type WhyReason } from '../../../lib/cli.ts'
import type { Listener, Operations, StoredEvent, WhyAnswer, WhyAttempts } from '../../../lib/index.ts'
import { progressBar } from '../../print/progress.ts'

/** What the command found out. */
export interface Explained {
  readonly reason: WhyReason
  readonly answer: WhyAnswer
  /** What the code of the listener says; absent without a file. */
  readonly code?: WhyCode
}

/** Asks the log about an event, and the code of the listener if it is at hand. */
export async function explain(on: Operations, asked: string, listener: Listener | string): Promise<Explained> {
  const answer = await on.why(asked, typeof listener === 'string' ? listener : listener.name)
  const event = answer.event?.told === true ? await on.events.at(answer.event.seq) : undefined
  if (typeof listener === 'string' || event === undefined) {
    const reason = reasonOf(answer)
    const blockedBy = answer.delivery?.older?.find((older) => event !== undefined && isSame(older, event))
    return { reason: blockedBy === undefined ? reason : reasonOf(answer, { trace: UNTRACED, blockedBy }), answer }
  }
  const trace = await traced(on, listener, event, answer)
  const blockedBy = await blocking(on, listener, event, answer)
  const code = { trace, ...(blockedBy === undefined ? {} : { blockedBy }) }
  return { reason: reasonOf(answer, code), answer, code }
}

const UNTRACED = { hears: true, steps: [] } as const

async function traced(on: Operations, listener: Listener, event: StoredEvent, { memory }: WhyAnswer) {
  const { types } = listener.source
  const first = Math.min(memory?.first ?? 1, event.seq)
  const last = remembers(listener) ? await on.events.last() : event.seq
  const events = on.events.list({ ...(types && { types }), told: true, where: `seq >= ${first}` })
  const progress = progressBar('remembering')
  try {
    const seen = ({ seq }: StoredEvent): void => progress.show(seq, last)
    return await tracePipe({ listener, event, events, now: Date.now(), seen })
  } finally {
    progress.end()
  }
}

// The oldest event of its key that waits for another attempt.
async function blocking(
  on: Operations,
  { settings: { ordered } }: Listener,
  event: StoredEvent,
  { delivery }: WhyAnswer,
): Promise<WhyAttempts | undefined> {
  for (const older of delivery?.older ?? []) {
    if (ordered === true || (ordered === 'identity' && isSame(older, event))) return older
    if (typeof ordered !== 'function') continue
    const its = await on.events.at(older.seq)
    if (its !== undefined && ordered(its) === ordered(event)) return older
  }
  return undefined
}

function isSame(older: WhyAttempts, { type, identifier }: StoredEvent): boolean {
  return older.type === type && older.identifier === identifier
}
