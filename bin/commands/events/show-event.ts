import type { Operations, StoredEvent } from '../../../lib/index.ts'
import { exitCodes, Failure, Mistake } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { Which } from '../../logs/which-log.ts'
import { printJson } from '../../print/json.ts'

/** Prints the event at a seq, or the latest of a type and identifier; resolves to the exit code. */
export function showEvent(
  [first = '', identifier]: readonly string[],
  asked: Which & { readonly json?: boolean | undefined },
): Promise<number> {
  if (identifier === undefined && !/^[1-9]\d*$/.test(first)) {
    throw new Mistake(`${JSON.stringify(first)} is no seq: write a number, or a type and an identifier`)
  }
  return askLog(asked, async ({ events }) => {
    const event = identifier === undefined ? await at(events, Number(first)) : await events.of(first, identifier)
    if (event === undefined)
      throw new Failure(`there is no event ${JSON.stringify(first)} ${JSON.stringify(identifier)}`)
    if (asked.json) printJson(event)
    else printJson({ ...event, created: new Date(event.created).toISOString() }, { pretty: true })
    return exitCodes.ok
  })
}

async function at(events: Operations['events'], seq: number): Promise<StoredEvent> {
  const event = await events.at(seq)
  if (event !== undefined) return event
  const last = await events.last()
  throw new Failure(seq > last ? `there is no event ${seq}; the newest is ${last}` : `event ${seq} was pruned`)
}
