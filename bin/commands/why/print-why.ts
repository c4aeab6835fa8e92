import { type ExplainedTest, type TracedStep, whyReasons } from '../../../lib/cli.ts'
import { didYouMean } from '../../../lib/core/did-you-mean.ts'
import { shellWord } from '../../../lib/core/escape.ts'
import type { WhyAnswer, WhyAttempts, WhyDelivery, WhyFailedRun } from '../../../lib/index.ts'
import { plural, relativeTime } from '../../print/format.ts'
import { printLine, widthOf } from '../../print/print.ts'
import { timeIn } from '../../print/times.ts'
import { type Branch, printTree } from '../../print/tree.ts'
import type { Explained } from './explain.ts'

/** How many deliveries are shown. */
const MOST_TRIED = 5

const OUTCOMES: Readonly<Record<WhyDelivery['outcome'], string>> = {
  handled: 'handled',
  passed: 'no value passed the pipe',
  retry: 'failed',
  parked: 'failed for the last time',
}

/** Prints what was found out as a tree, the reason first. */
export async function printWhy(asked: string, explained: Explained): Promise<void> {
  const { reason, answer, code } = explained
  const words = `${asked} at ${answer.listener.name}: ${reason}`
  const whole = `${words}: ${whyReasons[reason]}`
  printLine(whole.length <= widthOf(process.stdout) ? whole : words)
  const branches: Branch[] = [draftOf(answer), listenerOf(answer)]
  if (code !== undefined) branches.push(pipeOf(explained))
  else if (answer.event?.told === true)
    branches.push({ words: 'pipe: add the FILE of the listener to see how each operator finds it' })
  if (answer.delivery !== undefined) branches.push(deliveryOf(explained))
  await printTree(branches)
}

function draftOf({ draft, event, same, held, refused, failing = [], similar }: WhyAnswer): Branch {
  if (event !== undefined) return eventOf(event, draft === 'forgotten')
  if (draft === 'held')
    return {
      words: `✗ held by job ${held?.job} since ${timeIn(held?.since ?? '')}: tidings jobs release ${shellWord(held?.job ?? '')} tells it`,
    }
  if (draft === 'refused' && refused !== undefined) return { words: `✗ refused: ${failureOf(refused)}` }
  if (draft === 'pruned')
    return { words: `✗ accepted as event ${same?.seq}, whose body was pruned; the same draft is a duplicate` }
  if (draft === 'duplicate')
    return {
      words: `✗ a duplicate of event ${same?.seq} of type ${same?.type}, accepted ${timeIn(same?.created ?? '')}: this log has one identity for all types`,
    }
  const failed = failing.map((run) => ({ words: `✗ ${failureOf(run)}` }))
  const near = similar === undefined ? [] : [{ words: `similar: ${similar.join(', ')}` }]
  return {
    words: '✗ the log has never accepted it: no job has published it, or the log is another one',
    branches: [...failed, ...near],
  }
}

function failureOf({ job, slot, error }: WhyFailedRun): string {
  return `job ${job} failed ${timeIn(slot)}: ${error.message}`
}

function eventOf(
  { seq, type, identifier, created, job, cause, told, revision }: NonNullable<WhyAnswer['event']>,
  isForgotten: boolean,
): Branch {
  const by = job === undefined ? '' : `, published by job ${job}`
  const why = cause === undefined ? '' : `, caused by event ${cause}`
  const which = revision === undefined ? '' : `, revision ${revision}`
  const again = isForgotten
    ? 'its identity was forgotten since: the same draft is told again'
    : 'the same draft again is a duplicate of it'
  const untold = {
    words: '✗ stored without telling it: no listener receives it (an import, first: record, or a discarded poll)',
  }
  return {
    words: `${told ? '✓' : '✗'} event ${seq}, ${type} ${identifier}, accepted ${timeIn(created)}${which}${by}${why}`,
    branches: [{ words: again }, ...(told ? [] : [untold])],
  }
}

function listenerOf({ listener, event, delivery }: WhyAnswer): Branch {
  const { name, known, others = [], created = '', cursor, paused, running } = listener
  if (!known) {
    const near = didYouMean(name, others) || (others.length === 0 ? '' : `; it knows ${others.join(', ')}`)
    return { words: `✗ the log knows no listener ${name}: it has never run here, or has another name${near}` }
  }
  const more: Branch[] = []
  if (paused === true) more.push({ words: `✗ paused: tidings listeners resume ${shellWord(name)} continues it` })
  if (running === false) more.push({ words: 'no agent runs it on this log now' })
  if (delivery?.before === true && event !== undefined)
    more.push({
      words: `✗ it began after the event, or was moved past it: it has not heard it; tidings replay delivers it`,
    })
  return {
    words: `✓ listener ${name}, first seen ${timeIn(created)}, settled up to event ${cursor}`,
    branches: more,
  }
}

function pipeOf({ code, answer }: Explained): Branch {
  const trace = code?.trace
  if (trace === undefined) return { words: 'pipe' }
  if (!trace.hears) return { words: `✗ it does not hear ${answer.event?.type}, only ${(trace.types ?? []).join(', ')}` }
  const { fate, steps } = trace
  const marks = { passes: '✓', filtered: '✗', waits: '…', fails: '✗' } as const
  const ends: Record<NonNullable<typeof fate>['kind'], string> = {
    passes: fate?.kind === 'passes' && fate.batch ? `passes, in a batch of ${fate.batch.length}` : 'passes',
    filtered: 'leaves it out',
    waits:
      fate?.kind === 'waits' && fate.until
        ? `holds it back until ${timeIn(fate.until)}`
        : 'holds it back until other events come',
    fails: fate?.kind === 'fails' ? `fails: ${fate.error.message}` : '',
  }
  const words = fate === undefined ? 'pipe' : `${marks[fate.kind]} the pipe ${ends[fate.kind]}`
  return { words, branches: [...steps.map((step) => stepOf(step)), ...unlike(answer, fate?.kind)] }
}

// The log's verdict was that of the code that ran then.
function unlike({ memory }: WhyAnswer, kind: string | undefined): readonly Branch[] {
  const verdict = memory?.verdict
  if (verdict === undefined || kind === undefined || verdict === 'unjudged') return []
  if ((verdict === 'filtered') === (kind === 'filtered')) return []
  const said = verdict === 'filtered' ? 'left it out' : 'let it pass'
  return [{ words: `but the log keeps that the filters ${said}: the code, or the events before, were others then` }]
}

function stepOf({ operator, came, left, test, remembered, value }: TracedStep): Branch {
  const mark = came === 0 ? '·' : left === 0 ? '✗' : '✓'
  const many = came > 1 || left > 1 ? ` (${came} in, ${left} out)` : ''
  const branches: Branch[] = came === 0 ? [{ words: 'nothing came to it' }] : []
  if (test !== undefined) branches.push(...testBranches(test))
  if (remembered !== undefined) branches.push({ words: `it remembered ${remembered}` })
  if (value !== undefined) branches.push({ words: `makes ${value}` })
  return { words: `${mark} ${operator}${many}`, branches }
}

function testBranches({ value, parts }: ExplainedTest): readonly Branch[] {
  if (parts === undefined) return value === undefined ? [] : [{ words: `the value is ${value}` }]
  return parts.map((part) => ({ words: `${part.holds ? '✓' : '✗'} ${part.test}`, branches: testBranches(part) }))
}

function deliveryOf({ reason, answer, code }: Explained): Branch {
  const {
    state,
    behind = 0,
    attempts,
    until,
    batch,
    older = [],
    deliveries = [],
  } = answer.delivery ?? { state: 'settled' }
  const { name } = answer.listener
  const inBatch =
    batch === undefined
      ? ''
      : `, in a batch with ${batch.length > 6 ? plural(batch.length - 1, 'other') : batch.join(', ')}`
  const words = {
    ahead: `✗ not reached: ${plural(behind, 'event')} of the log come first`,
    running: '… handed out: it is being handled, or waits for its turn',
    retrying: `✗ ${attemptsWords(attempts)}, the next ${attempts ? `${relativeTime(attempts.at)}, ${timeIn(attempts.at)}` : ''}`,
    waiting: `… held back by a filter${until === undefined ? ' until other events come' : ` until ${timeIn(until)}`}`,
    parked: `✗ parked ${timeIn(attempts?.at ?? '')} after ${attemptsWords(attempts)}: tidings parked retry ${shellWord(name)} ${attempts?.seq} delivers it again`,
    settled:
      reason === 'delivered'
        ? `✓ delivered and acked${ackedAt(deliveries)}`
        : '✓ settled: handled, dropped by a person, or filtered out',
  }[state]
  const tries = triesOf(deliveries)
  const isShown = attempts?.error === undefined || tries.length > 0
  const error = isShown ? [] : [{ words: `${attempts.error.name}: ${attempts.error.message}` }]
  const blocked = code?.blockedBy ?? (reason === 'behind' ? older[0] : undefined)
  const holds =
    blocked === undefined
      ? []
      : [{ words: `✗ event ${blocked.seq} of its key waits for its next attempt ${relativeTime(blocked.at)}` }]
  return { words: `${words}${inBatch}`, branches: [...tries, ...error, ...holds] }
}

function ackedAt(deliveries: readonly WhyDelivery[]): string {
  const last = deliveries.at(-1)
  return last?.outcome === 'handled' ? ` ${timeIn(Date.parse(last.at) + last.ms)}` : ''
}

// The newest; a single one that was handled has nothing to add.
function triesOf(deliveries: readonly WhyDelivery[]): Branch[] {
  if (deliveries.length === 1 && deliveries[0]?.outcome === 'handled') return []
  return deliveries.slice(-MOST_TRIED).map(({ attempt, outcome, at, error }) => {
    const why = error === undefined ? '' : `: ${error.name}: ${error.message}`
    return { words: `attempt ${attempt}, ${timeIn(at)}: ${OUTCOMES[outcome]}${why}` }
  })
}

function attemptsWords(attempts: WhyAttempts | undefined): string {
  return attempts === undefined || attempts.attempts === 0
    ? 'to be delivered again'
    : plural(attempts.attempts, 'attempt')
}
