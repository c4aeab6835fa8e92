import type { PipeTrace } from './trace-pipe.ts'
import type { WhyAnswer, WhyAttempts } from './why-answer.ts'

/** Why an event has not reached the handler of a listener, or that it has. The codes stay. */
export const whyReasons = {
  ahead: 'the listener has not come to it',
  before: 'the listener began after it, or was moved past it',
  behind: 'an older event of its key waits for its next attempt',
  delivered: 'it was delivered and acked',
  duplicate: 'the identifier was accepted under another type',
  failed: 'the pipe fails on it',
  filtered: 'no value of it passes the pipe',
  held: 'a job holds the draft, because nearly all of a poll was new',
  'listener-unknown': 'the log knows no such listener',
  parked: 'it was set aside after its last attempt',
  paused: 'the listener is paused',
  pruned: 'it was accepted, and its body is gone',
  refused: 'a job published it, and it can not be an event',
  retrying: 'its last attempt failed, and it waits for the next',
  running: 'it is being handled',
  settled: 'the listener is done with it: handled, dropped or filtered out',
  type: 'the listener does not hear its type',
  unknown: 'the log has never accepted it',
  untold: 'it was stored without telling it',
  waiting: 'a filter of the listener holds it back',
} as const satisfies Readonly<Record<string, string>>

/** The code of a reason. */
export type WhyReason = keyof typeof whyReasons

/** How the code of the listener sees the event, beside what the log knows. */
export interface WhyCode {
  readonly trace: PipeTrace
  /** The older event of the same key that waits for its next attempt. */
  readonly blockedBy?: WhyAttempts
}

/** The reason that comes first on the way from the draft to the handler. */
export function reasonOf(answer: WhyAnswer, code?: WhyCode): WhyReason {
  const { draft, event, listener, delivery } = answer
  if (event === undefined) return draft === 'accepted' || draft === 'forgotten' ? 'unknown' : draft
  if (!event.told) return 'untold'
  if (code !== undefined && !code.trace.hears) return 'type'
  if (!listener.known || delivery === undefined) return 'listener-unknown'
  const { state } = delivery
  if (state === 'parked' || state === 'waiting') return state
  if (code?.blockedBy !== undefined) return 'behind'
  if (state === 'retrying' || state === 'running') return state
  if (state === 'ahead') return listener.paused === true ? 'paused' : 'ahead'
  return settledReason(answer, code)
}

// The log keeps no acks. What it keeps of a verdict, and what the agent remembers, counts for more than what the code says
// today.
function settledReason({ delivery, memory }: WhyAnswer, code: WhyCode | undefined): WhyReason {
  const verdict = memory?.verdict
  if (verdict === 'filtered') return 'filtered'
  if (verdict === 'passed' || verdict === 'batch') return 'delivered'
  const last = delivery?.deliveries?.at(-1)?.outcome
  if (last === 'handled') return 'delivered'
  if (last === 'passed') return 'filtered'
  if (delivery?.before === true && verdict === undefined) return 'before'
  const fate = code?.trace.fate
  if (fate === undefined) return 'settled'
  return fate.kind === 'filtered' ? 'filtered' : fate.kind === 'fails' ? 'failed' : 'delivered'
}
