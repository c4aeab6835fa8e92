import { quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Log } from '../log/port.ts'

/** Maximum length of a chain of causes. A longer chain is treated as listeners that feed each other forever. */
const MOST_HOPS = 8

/**
 * Rejects a publish caused by `cause` if `cause` itself has too many causes behind it.
 *
 * @throws TidingsError `TIDINGS_LOOP`
 */
export async function refuseLoop(log: Log, cause: StoredEvent): Promise<void> {
  let hops = 1
  for (let event: StoredEvent | undefined = cause; event?.cause !== undefined; hops++) {
    if (hops >= MOST_HOPS) {
      throw new TidingsError(
        'TIDINGS_LOOP',
        `event ${cause.seq} (${quote(cause.type)}) has ${MOST_HOPS} causes behind it: listeners feed each other`,
        {
          details: { seq: cause.seq, type: cause.type },
        },
      )
    }
    event = await bySeq(log, event.cause)
  }
}

async function bySeq(log: Log, seq: number): Promise<StoredEvent | undefined> {
  for await (const event of log.events({ after: seq - 1, limit: 1 })) return event.seq === seq ? event : undefined
  return undefined
}
