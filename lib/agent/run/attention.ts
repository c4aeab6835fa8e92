import { quote } from '../../core/errors.ts'
import { shellWord } from '../../core/escape.ts'
import { MINUTE } from '../../core/time-units.ts'
import { history } from '../../job/run-report.ts'
import type { LevelLog } from '../../level/level-log.ts'
import type { Log } from '../../log/port.ts'
import type { Stats } from '../../log/upkeep.ts'
import { jobMemories } from './engine-events.ts'
import type { Health, JobHealth, ListenerHealth } from './health.ts'

/** Every kind of thing that needs a person. */
export const ATTENTION_KINDS = [
  'job-failing',
  'job-silent',
  'job-overdue',
  'job-held',
  'job-stopped',
  'listener-stuck',
  'listener-failed',
  'parked',
  'log-failed',
  'disk',
] as const

/** Something that needs a person, as JSON. */
export interface Attention {
  /**
   * - `job-failing`: its last runs have failed; `job-silent`: it has published nothing for unusually long; `job-overdue`: a
   *   slot has passed without a run; `job-held`: it holds drafts; `job-stopped`: it runs no more, or not for long
   * - `listener-stuck`: it makes no progress; `listener-failed`: it receives no events; `parked`: it has set events aside
   * - `log-failed`: the log accepts nothing; `disk`: it is nearly full
   */
  readonly kind: (typeof ATTENTION_KINDS)[number]
  /** The job that it is about. */
  readonly job?: string
  /** The listener that it is about. */
  readonly listener?: string
  /** How many: failures in a row, held drafts, parked events. */
  readonly count?: number
  /** Since when, in ISO format. */
  readonly since?: string
  /** What has happened, as a sentence. */
  readonly what: string
  /** The command that helps. */
  readonly fix?: string
}

/** What needs a person, most urgent first: the log, then the jobs, then the listeners, by name. */
export async function attentionOf(
  log: Log,
  { jobs, listeners }: Pick<Health, 'jobs' | 'listeners'>,
): Promise<Attention[]> {
  const failed = logAttention(log)
  // Nothing else can be read then.
  if (failed.length > 0) return failed
  const memories = await jobMemories(log)
  const found: Attention[] = []
  for (const job of byName(jobs)) {
    found.push(...stoppedOrLate(job), ...held(job))
    const memory = memories.get(job.name)
    if (memory === undefined || job.paused) continue
    const { failures, since } = memory
    if (failures > 0) found.push(await failing(log, job.name, failures, since))
    if (memory.silent === true && memory.toldAt !== undefined) found.push(silent(job.name, memory.toldAt))
  }
  return [...(await diskAttention(log)), ...found, ...byName(listeners).flatMap(listenerAttention)]
}

function byName<T extends { readonly name: string }>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function logAttention({ state }: Log): Attention[] {
  if (state === 'ready') return []
  const how = state === 'failed' ? 'has failed' : 'is closed'
  return [{ kind: 'log-failed', what: `the log ${how} and accepts no reads or writes`, fix: 'tidings db verify' }]
}

/** When a disk is nearly full: with this many bytes left, or this many days at the growth of at least two days. */
const NEARLY_FULL = { bytes: 256 * 1024 * 1024, days: 14 }

/** How long the space of a log is not measured again, in ms: that walks through its folder. */
const MEASURED = 10 * MINUTE

const measured = new WeakMap<Log, { readonly at: number; readonly stats: Promise<Stats | undefined> }>()

async function diskAttention(log: Log): Promise<Attention[]> {
  const stats = await statsOf(log)
  if (stats?.free === undefined) return []
  const { free, fullInDays = Number.POSITIVE_INFINITY, growth } = stats
  const isSoon = growth.days >= 2 && fullInDays < NEARLY_FULL.days
  if (free >= NEARLY_FULL.bytes && !isSoon) return []
  const left = `the disk of the log has ${Math.round(free / 1024 / 1024)} MiB left`
  const days = Math.floor(fullInDays)
  const what = isSoon ? `${left}, and is full in ${days} ${days === 1 ? 'day' : 'days'} at its present growth` : left
  return [{ kind: 'disk', what, fix: 'tidings db prune' }]
}

function statsOf(log: Log): Promise<Stats | undefined> {
  const now = log.clock.now()
  const known = measured.get(log)
  if (known !== undefined && Math.abs(now - known.at) < MEASURED) return known.stats
  // A log that is stored elsewhere has no folder.
  const stats =
    'stats' in log ? (log as Pick<LevelLog, 'stats'>).stats().catch(() => undefined) : Promise.resolve(undefined)
  measured.set(log, { at: now, stats })
  return stats
}

function stoppedOrLate({ name, failure, restsUntil, overdue }: JobHealth): Attention[] {
  const job = `job ${quote(name)}`
  const fix = `tidings jobs reset ${shellWord(name)}`
  if (failure !== undefined) return [{ kind: 'job-stopped', job: name, what: `${job} no longer runs: ${failure}`, fix }]
  if (restsUntil !== undefined) {
    const what = `${job} rests until ${restsUntil}: its slots were settled when the clock was ahead`
    return [{ kind: 'job-stopped', job: name, what, fix }]
  }
  if (overdue === undefined) return []
  const what = `${job} is overdue: no run began for its slot of ${overdue}`
  return [{ kind: 'job-overdue', job: name, since: overdue, what, fix: `tidings jobs history ${shellWord(name)}` }]
}

function held({ name, held: count, heldSince: since }: JobHealth): Attention[] {
  if (count === undefined) return []
  const what = `job ${quote(name)} holds ${count} ${count === 1 ? 'draft' : 'drafts'}, as nearly all of a poll was new`
  const fix = `tidings jobs release ${shellWord(name)}`
  return [{ kind: 'job-held', job: name, count, ...(since === undefined ? {} : { since }), what, fix }]
}

async function failing(log: Log, name: string, count: number, since: string | undefined): Promise<Attention> {
  let why = ''
  for await (const { error } of history(log, name, { reverse: true, limit: 1 }))
    why = `: ${error?.message ?? 'its process died'}`
  const runs = count === 1 ? 'its last run' : `its last ${count} runs`
  const what = `job ${quote(name)} failed in ${runs}${why}`
  const fix = `tidings jobs history ${shellWord(name)}`
  return { kind: 'job-failing', job: name, count, ...(since === undefined ? {} : { since }), what, fix }
}

function silent(name: string, toldAt: number): Attention {
  const since = new Date(toldAt).toISOString()
  const what = `job ${quote(name)} has published nothing since ${since}, unusually long`
  return { kind: 'job-silent', job: name, since, what, fix: `tidings jobs history ${shellWord(name)}` }
}

function listenerAttention(row: ListenerHealth): Attention[] {
  const { name, behind, running, parked, stuck, failure, refused, oldest } = row
  const listener = `listener ${quote(name)}`
  const found: Attention[] = []
  if (failure !== undefined) {
    const what = `${listener} ${refused ? 'does not start' : 'receives no events'}: ${failure}`
    found.push({ kind: 'listener-failed', listener: name, what })
  } else if (stuck) {
    const what = `${listener} is stuck: it makes no progress, with ${behind + running} events to handle`
    const since = oldest === undefined ? {} : { since: oldest }
    found.push({ kind: 'listener-stuck', listener: name, count: behind + running, ...since, what })
  }
  if (parked > 0) {
    const events = parked === 1 ? '1 event' : `${parked} events`
    const what = `${listener} has parked ${events} after the last attempt`
    found.push({ kind: 'parked', listener: name, count: parked, what, fix: `tidings parked groups ${shellWord(name)}` })
  }
  return found
}
