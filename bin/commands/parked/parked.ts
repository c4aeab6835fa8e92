import type { ParkedRow } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes, Failure, Mistake } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { jsonLine, printJson } from '../../print/json.ts'
import { print } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { note, tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'

const HEAD = ['listener', 'seq', 'type', 'identifier', 'attempts', 'parked', 'error']

/** Prints the parked events of one listener, or of all; resolves to the exit code. */
export function listParked(listener: string | undefined, asked: Asked): Promise<number> {
  return askLog(asked, async ({ parked }) => {
    const found = parked.list(listener === undefined ? {} : { listener })
    if (asked.json) for await (const row of found) await print(jsonLine(row))
    else if ((await printRows(HEAD, cells(found))) === 0) note('no parked events')
    return exitCodes.ok
  })
}

async function* cells(rows: AsyncIterable<ParkedRow>): AsyncGenerator<Row> {
  for await (const { listener, seq, type, identifier, attempts, at, error } of rows) {
    yield [listener, String(seq), type, identifier, String(attempts), at, error.message]
  }
}

/** Prints one complete parked event with its error; resolves to the exit code. */
export function showParked([listener = '', place = '']: readonly string[], asked: Asked): Promise<number> {
  const seq = seqOf(place)
  return askLog(asked, async ({ parked }) => {
    const found = await parked.show(listener, seq)
    if (found === undefined) throw notParked(listener, seq)
    if (asked.json) printJson(found)
    else
      printJson(
        { ...found, event: { ...found.event, created: new Date(found.event.created).toISOString() } },
        { pretty: true },
      )
    return exitCodes.ok
  })
}

/** Selects parked events of a listener: one, or all. */
export interface Chosen extends Asked {
  readonly all?: boolean | undefined
}

/** Redelivers parked events, and prints how many; resolves to the exit code. */
export function retryParked([listener = '', place]: readonly string[], asked: Chosen): Promise<number> {
  const seq = choose(place, asked)
  return askLog(asked, async ({ parked }) => {
    const seqs = await parked.retry(listener, seq)
    return say(
      listener,
      seq,
      seqs,
      asked,
      (events) => `${events} of listener ${JSON.stringify(listener)} to be handled again`,
    )
  })
}

/** Drops parked events after confirmation, and prints how many; resolves to the exit code. */
export function dropParked([listener = '', place]: readonly string[], asked: Chosen): Promise<number> {
  const seq = choose(place, asked)
  return askLog(asked, async ({ parked }) => {
    let count = 0
    for await (const row of parked.list({ listener })) if (seq === undefined || row.seq === seq) count += 1
    const of = `of listener ${JSON.stringify(listener)}`
    if (count > 0) await confirm(`${some(count, 'parked event')} ${of} would never be handled`, asked.yes)
    const seqs = await parked.drop(listener, seq)
    return say(listener, seq, seqs, asked, (events) => `${events} ${of} dropped`)
  })
}

function choose(place: string | undefined, { all }: Chosen): number | undefined {
  if ((place === undefined) !== (all === true)) throw new Mistake('say which: the SEQ of one parked event, or --all')
  return place === undefined ? undefined : seqOf(place)
}

function say(
  listener: string,
  seq: number | undefined,
  seqs: readonly number[],
  { json }: Asked,
  sentence: (events: string) => string,
): number {
  if (seq !== undefined && seqs.length === 0) throw notParked(listener, seq)
  if (json) printJson({ listener, seqs })
  else tell(sentence(some(seqs.length, 'parked event')))
  return exitCodes.ok
}

function seqOf(place: string): number {
  if (/^[1-9]\d*$/.test(place)) return Number(place)
  throw new Mistake(`${JSON.stringify(place)} is no seq: write the number of a parked event`)
}

function notParked(listener: string, seq: number): Failure {
  return new Failure(`event ${seq} is not parked for listener ${JSON.stringify(listener)}`)
}
