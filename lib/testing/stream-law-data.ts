import { isDeepStrictEqual } from 'node:util'
import type { StoredEvent } from '../core/event.ts'
import { check, mismatches } from '../core/schema.ts'
import type { Log } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { Broken, type Hold, show } from './law-report.ts'
import { BEGIN, type Subject } from './stream-subject.ts'
import { identity } from './stream-watch.ts'

/** Published events are accepted, read back unchanged, and match the schema that listeners receive them with. */
export async function survival<W>(subject: Subject<W>, hold: Hold): Promise<void> {
  await hold(fc.array(subject.service.wire, { maxLength: 8 }), (items) =>
    subject.onLog(async ({ watch, log, accepted }) => {
      await watch.poll(items, BEGIN)
      for (const event of accepted) {
        const problem = (await changed(log, event)) ?? unfit(subject, event)
        if (problem !== undefined) throw new Broken(`${identity(event)} ${problem}`, watch.story)
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

function unfit<W>({ types }: Subject<W>, { type, data, transformed }: StoredEvent): string | undefined {
  const schema = types.find((each) => each.type === type)?.schema
  if (schema === undefined || transformed === true) return undefined
  const [mismatch] = mismatches(check(schema, data, type))
  if (mismatch === undefined) return undefined
  return `would be parked by a listener of ${type}, whose schema refuses ${show(data)}: ${mismatch.path}: ${mismatch.message}`
}
