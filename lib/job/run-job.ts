import { concat, defer, ignoreElements, type Observable } from 'rxjs'
import type { Log } from '../log/port.ts'
import type { Job } from './job.ts'
import type { JobHost, Trigger } from './job-host.ts'
import { Passing } from './passing.ts'
import { JOBS, type JobRecord, jobNamespace, PAUSED_JOBS } from './record.ts'
import { runSlot } from './run-slot.ts'
import { runs$ } from './runs.ts'

/** When a job was first seen, and how far it is; written down if the log has never seen it. */
export async function readJob(log: Log, { name, settings }: Job, now: number): Promise<JobRecord> {
  const jobs = log.store(JOBS)
  const known = (await jobs.get<JobRecord>(name))?.value
  if (known !== undefined) return known
  const { formerly } = settings
  const record = (formerly === undefined ? undefined : await adopt(log, formerly, name)) ?? { anchor: now }
  await jobs.set(name, record)
  return record
}

async function adopt(log: Log, from: string, to: string): Promise<JobRecord | undefined> {
  const older = (await log.store(JOBS).get<JobRecord>(from))?.value
  if (older === undefined) return undefined
  for await (const { key, value } of log.store(jobNamespace(from)).list())
    await log.store(jobNamespace(to)).set(key, value)
  const rests = await log.store(PAUSED_JOBS).get(from)
  if (rests !== undefined) await log.store(PAUSED_JOBS).set(to, rests.value)
  return { ...older, formerly: from }
}

/** A job at work on a log. Completes after `stop`, when its last run has ended. */
export function runJob(job: Job, record: JobRecord, triggers$: Observable<Trigger>, host: JobHost): Observable<never> {
  const { clock, environment, stop, desk } = host
  const passing = new Passing(job, host)
  // Slots that nobody scheduled come after every other: else one that is asked for in the same millisecond, or after the
  // clock went back, would be taken for done.
  let newest = record.slot ?? 0
  const later = (slot: Trigger): Trigger => {
    newest = Math.max(slot.at.getTime(), slot.asked === true ? newest + 1 : newest)
    return slot.asked === true ? { ...slot, at: new Date(newest) } : slot
  }
  const runs = runs$(job, {
    clock,
    ticking: {
      anchor: new Date(record.anchor),
      passed: (passed, alone) => {
        newest = Math.max(newest, passed.last.getTime())
        passing.missed(passed, alone)
      },
      ...(record.slot === undefined ? {} : { after: new Date(record.slot) }),
      ...(desk === undefined ? {} : { waits: desk.waits }),
    },
    ...(desk === undefined ? {} : { paused$: desk.paused$ }),
    triggers$,
    stop,
    runSlot: async (slot: Trigger, replaced) => {
      const taken = later(slot)
      const done = desk?.came(taken)
      const report = await runSlot(job, taken, { ...host, passing }, replaced).catch((err: unknown) => {
        environment.logger.error({ job: job.name, slot: slot.at, err }, 'job failed')
        return undefined
      })
      passing.ended()
      done?.()
      // Once this run has left its place: who triggers the job again at once must not find it taken.
      setImmediate(() => slot.ended?.(report))
    },
    skipped: (slot: Trigger) => {
      passing.blocked(slot)
      slot.ended?.(undefined)
    },
  })
  return concat(runs, defer(() => passing.written()).pipe(ignoreElements()))
}
