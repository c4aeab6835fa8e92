import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { type LogOptions, openLog } from '../../lib/level/open-log.ts'
import type { Consumer } from '../../lib/log/port.ts'
import { draft, list } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'

/** The answers of a log up to one moment, and every file of its folder at that moment. */
export interface Moment {
  readonly files: ReadonlyMap<string, Buffer>
  /** Identifiers, and the seqs in their receipts. */
  readonly told: ReadonlyMap<string, number>
  /** The acknowledged cursor of the listener. */
  readonly cursor: number
}

/** The whole content of a log, except the events in flight, which are not a promise. */
export async function saidBy(log: LevelLog): Promise<string> {
  const consumers = (await list(log.consumers())).map(({ lag: { behind: _, ...lag }, ...rest }) => ({ ...rest, lag }))
  const states = await list(log.store('n').list())
  const runs = (await list(log.runs('j'))).map(({ slot, outcome }) => [slot, outcome])
  return JSON.stringify({ consumers, states, runs })
}

/** Number of steps in a story. */
const STEPS = 30

/**
 * One listener, one publisher, state, runs and a forgotten identity. Each step is one awaited commit. An earlier life of
 * the log was closed cleanly.
 */
export async function story(directory: string, durability: LogOptions['durability']): Promise<readonly Moment[]> {
  const clock = virtualClock()
  const options = { clock, ...(durability === undefined ? {} : { durability }) }
  const told = new Map<string, number>()
  const publish = async (log: LevelLog, step: number): Promise<void> => {
    // Every few steps, one that fills several of LevelDB's blocks.
    const count = step % 10 === 0 ? 300 : 1 + (step % 4)
    const drafts = Array.from({ length: count }, (_, i) => draft(`${step} ${i}`, 'x'.repeat(step * 3)))
    for (const [i, { seq }] of (await log.accept(drafts)).entries()) told.set(`${step} ${i}`, seq)
  }
  const first = await openLog(directory, options)
  await publish(first, -1)
  await first.consumer('c', { start: 'start' })
  await first.close()
  const log = await openLog(directory, options)
  try {
    const consumer = await log.consumer('c', { start: 'now' })
    let cursor = 0
    const moments: Moment[] = [{ files: filesIn(directory), told: new Map(told), cursor }]
    for (let step = 0; step < STEPS; step++) {
      if (step % 3 === 0) await publish(log, step)
      else if (step % 3 === 1) cursor = await hear(consumer, step)
      else await remember(log, step)
      // MARK is written now and then, so it may be old.
      if (step % 7 === 0) await clock.advance(1000)
      if (step % 7 === 0) await sleep(20)
      moments.push({ files: filesIn(directory), told: new Map(told), cursor })
    }
    return moments
  } finally {
    await log.close()
  }
}

// Handles some events, parks one, leaves one waiting for its retry; returns the cursor.
async function hear(consumer: Consumer, step: number): Promise<number> {
  const handed = await consumer.pull(1 + (step % 5), new AbortController().signal)
  for (const [i, each] of handed.entries()) {
    if (i === 1) consumer.retry(each, { at: 1e15, error: 'later' })
    else if (i === 2) consumer.park(each, { error: 'never' })
    else consumer.ack(each, [{ namespace: 'n', key: 'heard', value: each.event.seq }])
  }
  await consumer.flush()
  return handed.at(-1)?.event.seq ?? 0
}

async function remember(log: LevelLog, step: number): Promise<void> {
  if (step % 2 === 0) await log.store('n').set(`${step}`, step)
  else await log.note('j', new Date(step), step)
}

function filesIn(directory: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(directory).filter((name) => name !== 'LOCK')
  return new Map(names.flatMap((name) => contentOf(join(directory, name)).map((content) => [name, content] as const)))
}

// MARK.new may have become MARK since the names were listed.
function contentOf(path: string): Buffer[] {
  try {
    return [readFileSync(path)]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
