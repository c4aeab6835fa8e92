import { exitCodes, Failure, UsageError } from '../../cli/errors.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'

/** The option of commands that act on one parked event or on all. */
export const all = { all: { type: 'boolean', describe: 'All parked events of this listener' } } as const

/**
 * The seq of the chosen event; undefined for all of them.
 *
 * @throws UsageError for neither a seq nor `--all`, or for both
 */
export function choose(place: string | undefined, isAll: boolean | undefined): number | undefined {
  if ((place === undefined) !== (isAll === true)) throw new UsageError('give the SEQ of one parked event, or --all')
  return place === undefined ? undefined : seqOf(place)
}

export function seqOf(place: string): number {
  if (/^[1-9]\d*$/.test(place)) return Number(place)
  throw new UsageError(`${JSON.stringify(place)} is not a seq: give the number of a parked event`)
}

/** Prints which events were chosen; returns the exit code. */
export function report(
  listener: string,
  seq: number | undefined,
  seqs: readonly number[],
  json: boolean | undefined,
  sentence: (events: string) => string,
): number {
  if (seq !== undefined && seqs.length === 0) throw notParked(listener, seq)
  if (json) printJson({ listener, seqs })
  else printLine(sentence(plural(seqs.length, 'parked event')))
  return exitCodes.ok
}

export function notParked(listener: string, seq: number): Failure {
  return new Failure(`event ${seq} is not parked for listener ${JSON.stringify(listener)}`)
}
