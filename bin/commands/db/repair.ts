import { resolve } from 'node:path'
import { shellWord } from '../../../lib/core/escape.ts'
import type { Repaired } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { inFolder, refuseIfInUse, whichLog } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { withBar } from '../../print/progress.ts'
import { ChildDied, inChild } from './in-child.ts'

export const repair = command({
  summary:
    'Rebuild a damaged log from its intact records, in DIR.repaired, and report what is missing. The damaged log stays as it is. Needs that no agent runs on it.',
  takes: [],
  options: { to: { type: 'string', describe: 'Rebuild it in this folder instead' }, ...reading },
  examples: [
    ['', 'Makes .tidings/home.repaired from .tidings/home'],
    ['--to /mnt/large/home --json', 'Repairs onto another disk, and reports as JSON'],
  ],
  failsIf: 'something of the damaged log is missing',
  run: async (given) => {
    const directory = inFolder(await whichLog(given))
    await refuseIfInUse(directory)
    const question = {
      directory: resolve(directory),
      to: resolve(given.to ?? `${directory.replace(/[/\\]+$/, '')}.repaired`),
    }
    const rebuild = (harder: boolean): Promise<Repaired> =>
      withBar('repairing a copy of the log', inChild<Repaired>('repair-log', { ...question, harder }))
    const repaired = await rebuild(false).catch((error: unknown) => {
      // LevelDB crashed on the log: retry, omitting the unreadable parts first.
      if (error instanceof ChildDied && error.signal !== null) return rebuild(true)
      throw error
    })
    if (given.json) printJson(repaired)
    else for (const line of sentences(directory, repaired)) printLine(line)
    return repaired.problems.length === 0 ? exitCodes.ok : exitCodes.failed
  },
})

function* sentences(directory: string, repaired: Repaired): Generator<string> {
  const { events, last, lost, identities, listeners, spoilt, dropped, whole, problems } = repaired
  yield `${repaired.directory} has ${plural(events, 'event')} of ${directory}, up to ${last}; the original is unchanged`
  if (lost.length > 0)
    yield `${plural(lost.length, 'event')} lost: ${ranges(lost)}. A tidings.log.lost event takes the place of each`
  for (const [kind, count] of Object.entries(spoilt)) yield `${plural(count, 'record')} of kind ${kind} damaged`
  if (identities > 0) yield `${plural(identities, 'identity', 'identities')} rebuilt from events`
  for (const listener of listeners) {
    yield `the cursor of listener ${JSON.stringify(listener)} is lost: it starts over; tidings listeners reset sets its place`
  }
  if (dropped > 0)
    yield `${plural(dropped, 'retry or parked event', 'retries or parked events')} dropped: their events are lost`
  if (!whole) yield 'a part of the store is unreadable: identities and listeners may be missing without a trace'
  for (const { message } of problems) yield `still damaged: ${message}`
  if (problems.length > 0) return
  const [from, aside, to] = [directory, `${directory}.damaged`, repaired.directory].map(shellWord)
  yield `to use it: mv ${from} ${aside} && mv ${to} ${from}`
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
