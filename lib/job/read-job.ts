import { type Logger, silentLogger } from '../core/logger.ts'
import type { Log, Write } from '../log/port.ts'
import { scheduleWords } from '../schedule/next-slot.ts'
import type { RunOutcome } from './history.ts'
import type { Job } from './job.ts'
import { JOBS, type JobRecord, jobNamespace, PAUSED_JOBS } from './record.ts'

/** A job that was first seen so far in the future, in ms, was seen while the clock was wrong. */
const AHEAD = 86_400_000

/**
 * What is known of a job, written down if the log has never seen it. A job whose schedule changed, or that is enabled
 * again, begins now: what the new schedule names before is none of its slots.
 */
export async function readJob(log: Log, job: Job, now: number, logger: Logger = silentLogger): Promise<JobRecord> {
  const { name } = job
  const known = (await recordOf(log, name)) ?? (await adopt(log, job, logger))
  if (known === undefined) return keep(log, job, { anchor: now })
  await warnAdoption(log, job, logger)
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
  if (record.anchor > now + AHEAD) {
    // Before its anchor a job has no slots, so none of those to come was ever run.
    const seen = new Date(record.anchor).toISOString()
    logger.warn({ ...fields, seen }, 'the job was first seen when the clock was ahead: it begins now')
    return beginNow(log, job, record, now, true)
  }
  // It never runs by itself any more: what it left open comes to nothing.
  if (!job.settings.enabled && record.enabled !== false) await settleOpen(log, name, 0)
  const same = text === record.schedule && (record.enabled !== false) === job.settings.enabled
  return same ? record : keep(log, job, record)
}

/**
 * Settles all that is open of a job, and all that its schedule named up to an instant (ms since the epoch); `back`: also
 * where more is settled now.
 */
async function settleOpen(log: Log, name: string, upTo: number, back = false): Promise<void> {
  const { open } = await log.slots(name)
  const never = open.filter(({ attempts }) => attempts === 0)
  const noted = never.map(({ slot }) => {
    const outcome: RunOutcome = { status: 'missed', slots: 1, until: slot.toISOString() }
    return { slot, outcome }
  })
  await log.plan(name, { upTo: new Date(upTo), back, settled: open.map(({ slot }) => slot), noted })
}

/** Begins the schedule of a job now, whatever was settled before; resolves to what is known of it then. */
export async function resetJob(log: Log, name: string, now: number): Promise<JobRecord | undefined> {
  const known = await recordOf(log, name)
  if (known === undefined) return undefined
  await settleOpen(log, name, now, true)
  const { slot: _, ...rest } = known
  const record = { ...rest, anchor: now }
  await log.store(JOBS).set(name, record)
  return record
}

/** Forgets a job: its record goes last, so that what was cut off in between is done again. */
export async function removeJob(log: Log, name: string): Promise<void> {
  await log.forgetSlots(name)
  const state: Write[] = []
  for await (const { key } of log.store(jobNamespace(name)).list()) state.push({ namespace: jobNamespace(name), key })
  state.push({ namespace: PAUSED_JOBS, key: name }, { namespace: JOBS, key: name })
  await log.accept([], { state })
}

/** The names that a job had before, the newest first. */
export function namesBefore({ formerly = [] }: JobRecord): readonly string[] {
  return typeof formerly === 'string' ? [formerly] : formerly
}

async function recordOf(log: Log, name: string): Promise<JobRecord | undefined> {
  return (await log.store(JOBS).get<JobRecord>(name))?.value
}

async function keep(log: Log, job: Job, { enabled: _, slot: __, ...known }: JobRecord): Promise<JobRecord> {
  const record: JobRecord = {
    ...known,
    schedule: scheduleWords(job.schedule),
    ...(job.settings.enabled ? {} : { enabled: false }),
  }
  await log.store(JOBS).set(job.name, record)
  return record
}

// The slots first: cut off in between, the schedule is still another one, and this is done again.
async function beginNow(log: Log, job: Job, record: JobRecord, now: number, back = false): Promise<JobRecord> {
  await settleOpen(log, job.name, now, back)
  return keep(log, job, { ...record, anchor: now })
}

// Before the log knew which slots are settled, the job's record did.
async function migrated(log: Log, job: Job, record: JobRecord, slot: number): Promise<JobRecord> {
  const { open } = await log.slots(job.name)
  const done = open.filter((each) => each.slot.getTime() <= slot).map((each) => each.slot)
  await log.plan(job.name, { upTo: new Date(slot), settled: done })
  return keep(log, job, record)
}

/** Takes over what an older name holds: nothing is left of that, so that the job can have it again. */
async function adopt(log: Log, { name, settings }: Job, logger: Logger): Promise<JobRecord | undefined> {
  const { formerly: from } = settings
  const older = from === undefined ? undefined : await recordOf(log, from)
  if (from === undefined || older === undefined) return undefined
  const { upTo, open } = await log.slots(from)
  await log.plan(name, { ...(upTo === undefined ? {} : { upTo }), open })
  const record: JobRecord = { ...older, formerly: [from, ...namesBefore(older)] }
  const state = await moved(log, jobNamespace(from), jobNamespace(name))
  const rests = await log.store(PAUSED_JOBS).get(from)
  if (rests !== undefined) state.push({ namespace: PAUSED_JOBS, key: name, value: rests.value })
  state.push({ namespace: PAUSED_JOBS, key: from }, { namespace: JOBS, key: from })
  state.push({ namespace: JOBS, key: name, value: { ...record } })
  await log.accept([], { state })
  await log.plan(from, { settled: open.map(({ slot }) => slot) })
  logger.info({ job: name, formerly: from }, 'renamed job')
  return record
}

async function moved(log: Log, from: string, to: string): Promise<Write[]> {
  const state: Write[] = []
  for await (const { key, value } of log.store(from).list()) {
    state.push({ namespace: to, key, value }, { namespace: from, key })
  }
  return state
}

// Two jobs, with slots and state of their own each: nobody can say which of them is meant.
async function warnAdoption(log: Log, { name, settings }: Job, logger: Logger): Promise<void> {
  const { formerly } = settings
  if (formerly === undefined || formerly === name) return
  if ((await recordOf(log, formerly)) === undefined) return
  logger.warn(
    { job: name, formerly },
    'formerly does nothing: the log knows both names; remove the older one with tidings jobs rm, or the option',
  )
}
