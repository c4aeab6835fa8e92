import { setTimeout as sleep } from 'node:timers/promises'
import type { Operations } from '../../../lib/index.ts'
import { printNote } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'

/** How many events are handed over at once. */
const BATCH = 100

/** No more are handed over while this many wait: an agent works them off; a log at rest holds up to the second. */
const MOST_WAITING = { running: 1000, resting: 10_000 }

/** How long to wait for an agent that is behind, in ms. */
const PAUSE = 200

/** How often progress is reported where there is no terminal, in ms. */
const REPORT = 10_000

/** The first of these ends the work between two batches; a second one ends the process. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What came of telling events. */
interface Told {
  /** How many were told; the others were heard in the meantime. */
  readonly told: number
  /** How many of the given ones were dealt with. */
  readonly done: number
  /** The last of them; 0: none. */
  readonly after: number
  /** Whether an agent with the listener runs. */
  readonly running: boolean
  /** Why it ended early. */
  readonly why: string
}

/** Hands events to a listener, batch after batch, not faster than it handles them, until all are told or a signal comes. */
export async function tellAll(
  { replay }: Operations,
  listener: string,
  seqs: readonly number[],
  { again, rate }: { readonly again: boolean; readonly rate: number | undefined },
): Promise<Told> {
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  for (const signal of SIGNALS) process.once(signal, interrupt)
  const rest = (ms: number): Promise<unknown> => sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined)
  const progress = progressBar('telling events')
  let [told, done, why, reported] = [0, 0, 'stopped', Date.now()]
  let { waiting, running } = await replay.tell(listener, [])
  const most = running ? MOST_WAITING.running : MOST_WAITING.resting
  // With a rate, a batch is what fits in a second.
  const batch = rate === undefined ? BATCH : Math.max(1, Math.min(BATCH, Math.floor(1000 / rate)))
  let due = Date.now()
  try {
    while (done < seqs.length && !stop.signal.aborted) {
      if (waiting + batch > most) {
        if (!running) {
          why = `${waiting} events wait for the listener, which is the most: run its agent`
          break
        }
        await rest(PAUSE)
        ;({ waiting, running } = await replay.tell(listener, []))
        continue
      }
      if (rate !== undefined) await rest(due - Date.now())
      if (stop.signal.aborted) break
      const next = seqs.slice(done, done + batch)
      const answer = await replay.tell(listener, next, { again })
      ;({ waiting, running } = answer)
      told += answer.told.length
      done += next.length
      due = Math.max(due, Date.now()) + (rate ?? 0) * next.length
      progress.show(done, seqs.length)
      if (!process.stderr.isTTY && Date.now() - reported > REPORT) {
        printNote(`${done} of ${seqs.length} events told, up to event ${seqs[done - 1]}`)
        reported = Date.now()
      }
    }
  } catch (error) {
    if (done > 0) printNote(`${done} of ${seqs.length} events told, up to event ${seqs[done - 1]}`)
    throw error
  } finally {
    progress.end()
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
  return { told, done, after: seqs[done - 1] ?? 0, running, why }
}
