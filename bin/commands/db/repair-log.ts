import { resolve } from 'node:path'
import type { Repaired } from '../../../lib/cli.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { whichLog } from '../../logs/which-log.ts'
import { printJson } from '../../print/json.ts'
import { tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'
import { Died, inChild } from './in-child.ts'
import { refuseInUse } from './restore-log.ts'
import { withBar } from './work.ts'

/**
 * Rebuilds a log from its intact records, beside the original, and prints what is missing; resolves to the exit code.
 */
export async function repairLog(asked: Asked & { readonly to?: string | undefined }): Promise<number> {
  const directory = await whichLog(asked)
  await refuseInUse(directory)
  const question = {
    directory: resolve(directory),
    to: resolve(asked.to ?? `${directory.replace(/[/\\]+$/, '')}.repaired`),
  }
  const repair = (harder: boolean): Promise<Repaired> =>
    withBar('repairing a copy of the log', inChild<Repaired>('repair-log', { ...question, harder }))
  const repaired = await repair(false).catch((error: unknown) => {
    // LevelDB crashed on the log: retry, omitting the unreadable parts first.
    if (error instanceof Died && error.signal !== null) return repair(true)
    throw error
  })
  if (asked.json) printJson(repaired)
  else for (const line of sentences(directory, repaired)) tell(line)
  return repaired.problems.length === 0 ? exitCodes.ok : exitCodes.failed
}

function* sentences(directory: string, repaired: Repaired): Generator<string> {
  const { events, last, lost, identities, listeners, spoilt, dropped, whole, problems } = repaired
  yield `${repaired.directory} has ${some(events, 'event')} of ${directory}, up to ${last}; that is as it was`
  if (lost.length > 0)
    yield `${some(lost.length, 'event')} lost: ${ranges(lost)}. Each has a tidings.log.lost in its place`
  for (const [kind, count] of Object.entries(spoilt)) yield `${some(count, 'record')} of kind ${kind} not as written`
  if (identities > 0) yield `${some(identities, 'identity', 'identities')} made anew from events`
  for (const listener of listeners) {
    yield `the cursor of listener ${JSON.stringify(listener)} is lost: it begins anew; tidings listeners reset says where`
  }
  if (dropped > 0)
    yield `${some(dropped, 'retry or parked event', 'retries or parked events')} left out: their events are lost`
  if (!whole)
    yield 'a part of the store could not be read at all: identities and listeners may be missing that nothing tells of'
  for (const { message } of problems) yield `still wrong: ${message}`
  if (problems.length === 0)
    yield `to go on with it: mv ${directory} ${directory}.damaged && mv ${repaired.directory} ${directory}`
}

/** `1, 3 to 7, 9` */
function ranges(seqs: readonly number[]): string {
  const found: [number, number][] = []
  for (const seq of seqs) {
    const last = found.at(-1)
    if (last?.[1] === seq - 1) last[1] = seq
    else found.push([seq, seq])
  }
  const words = found.slice(0, 20).map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`))
  return [...words, ...(found.length > words.length ? ['and more'] : [])].join(', ')
}
