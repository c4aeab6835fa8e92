import { defined } from '../core/defined.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import { DAY } from '../core/time-units.ts'
import type { Log, Write } from '../log/port.ts'
import { scheduleWords } from '../schedule/schedule.ts'
import { FLOODS, heldNamespace } from './held-drafts.ts'
import type { Job } from './job.ts'
import type { RunOutcome } from './run-report.ts'

/** The namespace of the engine's job records: a `JobRecord` by name. */
export const JOBS = 'tidings/jobs'

/** The namespace of the paused jobs, by name: since when, and the reason if a run cancelled the job. */
export const PAUSED_JOBS = 'tidings/paused-jobs'

/** The namespace of a job's own state. */
export function jobNamespace(name: string): string {
  return `job/${name}`
}

/** The stored record of a job. */
export interface JobRecord {
  /** When the job was first seen with this schedule, in ms; intervals are counted from it. */
  readonly anchor: number
  /** The schedule in words. A change makes the job begin now (decision 0039). */
  readonly schedule?: string
  /** False if the job is disabled. Enabled again, it begins now. */
  readonly enabled?: false
  /** Its former names, newest first. */
  readonly formerly?: string | readonly string[]
  /** Whether a run ever succeeded. Until then, `first` applies. */
  readonly succeeded?: boolean
  /** Up to where its slots are settled, in ms. Read-only: older logs kept this here. */
  readonly slot?: number
}

/** An anchor further in the future than this, in ms, comes from a wrong clock. */
const TOO_FAR_AHEAD = DAY

/**
 * Reads the record of a job, or creates it if the log has none. A job whose schedule changed, or that is enabled again,
 * begins now: it has no slots before that.
 */
export async function readJob(log: Log, job: Job, now: number, logger: Logger = silentLogger): Promise<JobRecord> {
  const { name } = job
  const known = (await recordOf(log, name)) ?? (await adopt(log, job, logger))
  if (known === undefined) return storeRecord(log, job, { anchor: now })
  await warnUnusedFormerName(log, job, logger)
  const record = known.slot === undefined ? known : await migrated(log, job, known, known.slot)
  const text = scheduleWords(job.schedule)
  const fields = { job: name, schedule: text }
  if (record.schedule !== undefined && text !== record.schedule) {
    logger.info({ ...fields, before: record.schedule }, 'schedule changed: the job begins now')
    return beginNow(log, job, record, now)
  }
  if (record.enabled === false && job.settings.enabled) {
    logger.info(fields, 'enabled again: the job begins now')
    return beginNow(log, job, record, now)
  }
  if (record.anchor > now + TOO_FAR_AHEAD) {
    // A job has no slots before its anchor, so none of the coming slots has run.
    const seen = new Date(record.anchor).toISOString()
    logger.warn({ ...fields, seen }, 'the job was first seen when the clock was ahead: it begins now')
    return beginNow(log, job, record, now, true)
  }
  // A disabled job does not run its open slots.
  if (!job.settings.enabled && record.enabled !== false) await settleOpenSlots(log, name, 0)
  const same = text === record.schedule && (record.enabled !== false) === job.settings.enabled
  return same ? record : storeRecord(log, job, record)
}

/** Resolves to the record of a job that another agent drives, or to what it would be if that has none. Stores nothing. */
export async function seenJob(log: Log, { name }: Job, now: number): Promise<JobRecord> {
  return (await recordOf(log, name)) ?? { anchor: now }
}

/**
 * Settles all open slots of a job, and all its slots up to an instant (ms since the epoch). `back`: moves the settled
 * instant back if it is later.
 */
async function settleOpenSlots(log: Log, name: string, upTo: number, back = false): Promise<void> {
  const { open } = await log.slots(name)
  const never = open.filter(({ attempts }) => attempts === 0)
  const noted = never.map(({ slot }) => {
    const outcome: RunOutcome = { status: 'missed', slots: 1, until: slot.toISOString() }
    return { slot, outcome }
  })
  const settled = open.map(({ slot }) => slot)
  // The clock may have gone back since they were due: they must not be due again.
  const latest = back ? upTo : Math.max(upTo, ...settled.map((slot) => slot.getTime()))
  await log.plan(name, { upTo: new Date(latest), back, settled, noted })
}

/** Restarts the schedule of a job now, whatever was settled before. Resolves to the new record. */
export async function resetJob(log: Log, name: string, now: number): Promise<JobRecord | undefined> {
  const known = await recordOf(log, name)
  if (known === undefined) return undefined
  await settleOpenSlots(log, name, now, true)
  const { slot: _, ...rest } = known
  const record = { ...rest, anchor: now }
  await log.store(JOBS).set(name, record)
  return record
}

/** Removes a job. Its record goes last, so that an interrupted removal can be repeated. */
export async function removeJob(log: Log, name: string): Promise<void> {
  await log.forgetSlots(name)
  const state: Write[] = []
  for (const namespace of [jobNamespace(name), heldNamespace(name)])
    for await (const { key } of log.store(namespace).list()) state.push({ namespace, key })
  state.push({ namespace: FLOODS, key: name }, { namespace: PAUSED_JOBS, key: name }, { namespace: JOBS, key: name })
  await log.accept([], { state })
}

/** The former names of a job, newest first. */
export function formerNames({ formerly = [] }: JobRecord): readonly string[] {
  return typeof formerly === 'string' ? [formerly] : formerly
}

async function recordOf(log: Log, name: string): Promise<JobRecord | undefined> {
  return (await log.store(JOBS).get<JobRecord>(name))?.value
}

async function storeRecord(log: Log, job: Job, { enabled: _, slot: __, ...known }: JobRecord): Promise<JobRecord> {
  const record: JobRecord = {
    ...known,
    schedule: scheduleWords(job.schedule),
    ...(job.settings.enabled ? {} : { enabled: false }),
  }
  await log.store(JOBS).set(job.name, record)
  return record
}

// Slots first: after an interruption the recorded schedule still differs, so the next start repeats this.
async function beginNow(log: Log, job: Job, record: JobRecord, now: number, back = false): Promise<JobRecord> {
  await settleOpenSlots(log, job.name, now, back)
  return storeRecord(log, job, { ...record, anchor: now })
}

// Older logs kept the settled slots in the job's record.
async function migrated(log: Log, job: Job, record: JobRecord, slot: number): Promise<JobRecord> {
  const { open } = await log.slots(job.name)
  const done = open.filter((each) => each.slot.getTime() <= slot).map((each) => each.slot)
  await log.plan(job.name, { upTo: new Date(slot), settled: done })
  return storeRecord(log, job, record)
}

/** Moves everything from the older name and leaves nothing behind, so that the job can take that name back. */
async function adopt(log: Log, { name, settings }: Job, logger: Logger): Promise<JobRecord | undefined> {
  const { formerly: from } = settings
  const older = from === undefined ? undefined : await recordOf(log, from)
  if (from === undefined || older === undefined) return undefined
  const { upTo, open } = await log.slots(from)
  await log.plan(name, { ...defined({ upTo }), open })
  const record: JobRecord = { ...older, formerly: [from, ...formerNames(older)] }
  const state = await movedState(log, jobNamespace(from), jobNamespace(name))
  state.push(...(await movedState(log, heldNamespace(from), heldNamespace(name))))
  for (const namespace of [PAUSED_JOBS, FLOODS]) {
    const known = await log.store(namespace).get(from)
    if (known !== undefined) state.push({ namespace, key: name, value: known.value }, { namespace, key: from })
  }
  state.push({ namespace: JOBS, key: from })
  state.push({ namespace: JOBS, key: name, value: { ...record } })
  await log.accept([], { state })
  await log.plan(from, { settled: open.map(({ slot }) => slot) })
  logger.info({ job: name, formerly: from }, 'renamed job')
  return record
}

async function movedState(log: Log, from: string, to: string): Promise<Write[]> {
  const state: Write[] = []
  for await (const { key, value } of log.store(from).list()) {
    state.push({ namespace: to, key, value }, { namespace: from, key })
  }
  return state
}

// Both names have slots and state of their own, so it is ambiguous which to keep.
async function warnUnusedFormerName(log: Log, { name, settings }: Job, logger: Logger): Promise<void> {
  const { formerly } = settings
  if (formerly === undefined || formerly === name) return
  if ((await recordOf(log, formerly)) === undefined) return
  logger.warn(
    { job: name, formerly },
    'formerly does nothing: the log knows both names; remove the older one with tidings jobs rm, or the option',
  )
}
