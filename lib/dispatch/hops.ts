import { quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Log } from '../log/port.ts'

/** Events may follow from one another this often; more is taken for listeners that feed each other for ever. */
const MOST_HOPS = 8

/**
 * Refuses to publish what would follow from `cause` when that has too many causes behind it itself.
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
