import type { ParkedAnswer, ParkedBulk, ParkedMatch, TakeParked } from '../../../lib/index.ts'
import { exitCodes, Failure, UsageError } from '../../cli/errors.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'

/** The options of commands that act on one parked event, on all, or on those that match. */
export const choosing = {
  all: { type: 'boolean', describe: 'All parked events of this listener' },
  error: { type: 'string', describe: 'Those whose error has this name, such as TypeError' },
  code: { type: 'string', describe: "Those whose error has this code, such as ECONNRESET; '' for none" },
  type: { type: 'string', describe: 'Those of this event type' },
  where: { type: 'string', describe: "Those that match, such as 'data.stars > 3'" },
  before: { type: 'string', describe: 'Those with a lower seq, or parked before a date or a time ago (2h)' },
  'dry-run': { type: 'boolean', describe: 'Count them, and change nothing' },
} as const

/** What the options choose. */
interface Choice {
  readonly _: readonly string[]
  readonly all?: boolean | undefined
  readonly error?: string | undefined
  readonly code?: string | undefined
  readonly type?: string | undefined
  readonly where?: string | undefined
  readonly before?: string | undefined
  readonly 'dry-run'?: boolean | undefined
  readonly json?: boolean | undefined
}

/** One parked event by its seq, or a match; an empty match is all of them. */
export type Chosen = { readonly seq: number } | { readonly match: ParkedMatch }

/**
 * What was chosen.
 *
 * @throws UsageError for nothing, or for more than one of a seq, `--all`, and a match
 */
export function choose({ _, all, error, code, type, where, before }: Choice): Chosen {
  const [, place] = _
  const parts = Object.entries({ error, code, type, where, before }).filter(([, value]) => value !== undefined)
  const ways = [place !== undefined, all === true, parts.length > 0].filter(Boolean).length
  if (ways !== 1) {
    const match = '--error, --code, --type, --where or --before'
    throw new UsageError(`give the SEQ of one parked event, --all, or what to match: ${match}`)
  }
  return place === undefined ? { match: Object.fromEntries(parts) } : { seq: seqOf(place) }
}

export function seqOf(place: string): number {
  if (/^[1-9]\d*$/.test(place)) return Number(place)
  throw new UsageError(`${JSON.stringify(place)} is not a seq: give the number of a parked event`)
}

/** How many parked events are looked at between two steps of the progress. */
const STEP = 500

/** What a command does with parked events. */
interface Act {
  readonly take: TakeParked
  /** What happens, while it does: `retrying parked events`. */
  readonly doing: string
  /** Says what was done with `events`. */
  done(events: string): string
  /** Asks first; `count` events are chosen. */
  ask?(count: number): Promise<void>
}

/** Takes the chosen parked events of a listener, and prints how many. Returns the exit code. */
export async function takeChosen(listener: string, given: Choice, act: Act): Promise<number> {
  const chosen = choose(given)
  const isDry = given['dry-run'] === true
  if ('seq' in chosen) {
    const { seq } = chosen
    const match = { seqs: [seq], after: seq - 1, scan: 1 }
    const { count } = await act.take(listener, undefined, { ...match, dryRun: true })
    if (count === 0) throw notParked(listener, seq)
    if (isDry) return report(listener, count, given, 'would be taken')
    await act.ask?.(count)
    const seqs = await act.take(listener, seq)
    if (seqs.length === 0) throw notParked(listener, seq)
    if (given.json) printJson({ listener, seqs })
    else printLine(act.done(plural(1, 'parked event')))
    return exitCodes.ok
  }
  // What is parked from now on was not counted.
  const match = { before: new Date().toISOString(), ...chosen.match }
  const counted = await stepwise(act.take, listener, { ...match, dryRun: true }, 'counting parked events')
  if (isDry) return report(listener, counted, given, counted === 1 ? 'matches' : 'match')
  if (counted > 0) await act.ask?.(counted)
  const taken = counted === 0 ? 0 : await stepwise(act.take, listener, match, act.doing, counted)
  if (given.json) printJson({ listener, count: taken, dryRun: false })
  else printLine(act.done(plural(taken, 'parked event')))
  return exitCodes.ok
}

function report(listener: string, count: number, { json }: Choice, how: string): number {
  if (json) printJson({ listener, count, dryRun: true })
  else printLine(`${plural(count, 'parked event')} of listener ${JSON.stringify(listener)} ${how}`)
  return exitCodes.ok
}

async function stepwise(
  take: TakeParked,
  listener: string,
  match: ParkedBulk,
  doing: string,
  all?: number,
): Promise<number> {
  const bar = progressBar(doing)
  let count = 0
  for (let after: number | undefined = 0; after !== undefined; ) {
    const answer: ParkedAnswer = await take(listener, undefined, { ...match, after, scan: STEP })
    count += answer.count
    after = answer.next
    bar.show(count, all)
  }
  bar.end()
  return count
}

export function notParked(listener: string, seq: number): Failure {
  return new Failure(`event ${seq} is not parked for listener ${JSON.stringify(listener)}`)
}
