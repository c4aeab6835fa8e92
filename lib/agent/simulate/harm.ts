import type { Timeline } from './timeline.ts'
import { describeCall, type TimelineCall } from './timeline-entries.ts'

/** The last part of a simulation in which nothing counts as lost: the agent may still be about to do it. */
const TAIL = 0.1

/**
 * What faults did to an agent that they should not: what it sent more than once without a key that tells its receiver,
 * and what it would have published or sent without them. Sentences; empty for an agent that survives its faults.
 *
 * @param undisturbed the same simulation without faults
 */
export function harm(timeline: Timeline, undisturbed: Timeline): readonly string[] {
  return [...repetitions(timeline), ...losses(timeline, undisturbed)]
}

function repetitions(timeline: Timeline): readonly string[] {
  const counts = new Map<string, number>()
  for (const call of timeline.repeated) {
    const words = `${call.by} sent ${describeCall(call)} again for event ${call.seq}, without a key`
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  return Array.from(counts, ([words, count]) => (count === 1 ? words : `${words}, ${count} times`))
}

// A clock that is set forward skips slots: what a slot names is then not there to be found.
function losses(timeline: Timeline, undisturbed: Timeline): readonly string[] {
  if (timeline.faults.some(({ words }) => words.startsWith('clock step'))) return []
  const { from, to } = undisturbed.origin
  const end = to - (to - from) * TAIL
  const events = new Map(timeline.events.map(({ seq, type, identifier }) => [seq, identity({ type, identifier })]))
  const known = new Set(events.values())
  // What was set aside waits for a person: it is not lost.
  const parked = new Set(timeline.parked.map(({ listener, seq }) => `listener ${listener} ${events.get(seq)}`))
  const sent = new Set(timeline.sent.map((call) => sentWords(call, events)))
  const before = new Map(undisturbed.events.map(({ seq, type, identifier }) => [seq, identity({ type, identifier })]))
  const lost = undisturbed.events
    .filter(({ at, type }) => at < end && !type.startsWith('tidings.'))
    .map(identity)
    .filter((each) => !known.has(each))
  const unsent = undisturbed.sent.filter(
    (call) =>
      call.at < end &&
      known.has(before.get(call.seq ?? 0) ?? '') &&
      !parked.has(`${call.by} ${before.get(call.seq ?? 0)}`) &&
      !sent.has(sentWords(call, before)),
  )
  return [
    ...lost.map((each) => `event ${each} was lost`),
    ...unsent.map((call) => `${call.by} never sent ${describeCall(call)} for event ${before.get(call.seq ?? 0)}`),
  ]
}

function identity({ type, identifier }: { readonly type: string; readonly identifier: string }): string {
  return `${type} ${identifier}`
}

// Without the body, which may hold a time or a seq.
function sentWords({ by, seq, asked }: TimelineCall, events: ReadonlyMap<number, string>): string {
  return JSON.stringify([by, events.get(seq ?? 0), asked])
}
