import type { DeliveryRow, EventRef, EventStory, StoryListener } from '../../../lib/index.ts'
import { plural, relativeTime, roughDuration } from '../../print/format.ts'
import { printLine } from '../../print/print.ts'
import { timeIn } from '../../print/times.ts'
import { type Branch, printTree } from '../../print/tree.ts'

/** Prints where an event comes from, and what became of it, as a tree. */
export async function printStory(story: EventStory): Promise<void> {
  const { seq, type, identifier, created, revision } = story.event
  const which = revision === undefined ? '' : `, revision ${revision}`
  printLine(`event ${seq}, ${type} ${identifier}, accepted ${timeIn(created)}${which}`)
  const before = story.revisions?.before
  await printTree([
    { words: originOf(story) },
    ...(story.causes.length === 0 ? [] : [{ words: `caused by ${story.causes.map(nameOf).join(' ← ')}` }]),
    ...(before === undefined ? [] : [{ words: `the revision before is event ${before}` }]),
    followsOf(story),
    listenersOf(story),
  ])
}

function originOf({ event, run, causes, untold }: EventStory): string {
  const silently = untold === true ? ', untold' : ''
  if (run !== undefined) {
    const took = run.ms === undefined ? '' : `, ${run.status} in ${roughDuration(run.ms)}`
    const again = run.attempt === 1 ? '' : `, attempt ${run.attempt}`
    return `published by job ${run.job}, run of ${timeIn(run.slot)}${again}${took}${silently}`
  }
  if (event.job !== undefined) return `published by job ${event.job}${silently}`
  const by = event.cause === undefined ? 'a program' : 'a listener'
  const gone = event.cause !== undefined && causes.length === 0 ? `, on event ${event.cause}, which was pruned` : ''
  return `published by ${by}${gone}${silently}`
}

function followsOf({ follows, more, unindexed }: EventStory): Branch {
  const left =
    unindexed === undefined ? [] : [{ words: `${unindexed} events of the log are not indexed by their cause yet` }]
  const count = more === true ? `more than ${follows.length} events` : plural(follows.length, 'event')
  return { words: `followed by ${count}`, branches: [...follows.map((each) => ({ words: nameOf(each) })), ...left] }
}

function listenersOf({ listeners }: EventStory): Branch {
  const heard = listeners.filter(({ outcome }) => outcome !== 'not heard')
  const rest = listeners.length - heard.length
  const others = rest === 0 ? [] : [{ words: `not heard by ${plural(rest, 'listener')}` }]
  return { words: plural(heard.length, 'listener'), branches: [...heard.map(listenerOf), ...others] }
}

/** Signs that differ in shape, not only in colour. */
const SIGNS = {
  handled: '✓',
  passed: '○',
  running: '…',
  waiting: '…',
  retrying: '↻',
  parked: '✗',
  settled: '·',
  'not heard': '-',
} as const

function listenerOf({ listener, outcome, deliveries, attempts, error, nextAt, parkedAt }: StoryListener): Branch {
  const facts = [
    ...(attempts === undefined ? [] : [plural(attempts, 'attempt')]),
    ...(nextAt === undefined ? [] : [`again ${relativeTime(nextAt)}`]),
    ...(parkedAt === undefined ? [] : [`since ${timeIn(parkedAt)}`]),
    ...(error === undefined ? [] : [error.message]),
  ]
  return {
    words: [`${SIGNS[outcome]} ${listener}: ${outcome}`, ...facts].join(', '),
    branches: deliveries.toReversed().map((each) => ({ words: deliveryOf(each) })),
  }
}

function deliveryOf({ attempt, outcome, at, ms, error, calls = [] }: DeliveryRow): string {
  const why = error === undefined ? '' : `: ${error.message}`
  const effects = calls.map(({ method, host, status }) => [method, host, status].filter(Boolean).join(' ')).join(', ')
  return `attempt ${attempt} at ${timeIn(at)}, ${outcome} in ${ms} ms${why}${effects === '' ? '' : ` (${effects})`}`
}

function nameOf({ seq, type, identifier }: EventRef): string {
  return `${seq} ${type} ${identifier}`
}
