import { isDeepStrictEqual } from 'node:util'
import type { StoredEvent } from '../core/event.ts'
import { mismatches, runSchema } from '../core/schema.ts'
import type { Log } from '../log/port.ts'
import { BrokenLaw, type CheckLaw, show } from './check-law.ts'
import { fc } from './fast-check.ts'
import { FIRST_POLL, type StreamUnderTest } from './stream-under-test.ts'
import { identity } from './watched-stream.ts'

/** Published events are accepted, read back unchanged, and match the schema that listeners receive them with. */
export async function survival<W>(subject: StreamUnderTest<W>, checkLaw: CheckLaw): Promise<void> {
  await checkLaw(fc.array(subject.service.wire, { maxLength: 8 }), (items) =>
    subject.onLog(async ({ watch, log, accepted }) => {
      await watch.poll(items, FIRST_POLL)
      for (const event of accepted) {
        const problem = (await changed(log, event)) ?? unfit(subject, event)
        if (problem !== undefined) throw new BrokenLaw(`${identity(event)} ${problem}`, watch.history)
      }
    }),
  )
}

async function changed(log: Log, event: StoredEvent): Promise<string | undefined> {
  for await (const stored of log.events({ after: event.seq - 1, limit: 1 })) {
    return isDeepStrictEqual(stored, event) ? undefined : `is read as ${show(stored)}, and was told as ${show(event)}`
  }
  return 'is gone from the log'
}

function unfit<W>({ types }: StreamUnderTest<W>, { type, data, transformed }: StoredEvent): string | undefined {
  const schema = types.find((each) => each.type === type)?.schema
  if (schema === undefined || transformed === true) return undefined
  const [mismatch] = mismatches(runSchema(schema, data, type))
  if (mismatch === undefined) return undefined
  return `would be parked by a listener of ${type}, whose schema refuses ${show(data)}: ${mismatch.path}: ${mismatch.message}`
}
