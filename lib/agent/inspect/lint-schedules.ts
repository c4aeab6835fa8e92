import { asError } from '../../core/errors.ts'
import type { Job } from '../../job/job.ts'
import { nextSlot, scheduleWords } from '../../schedule/schedule.ts'
import { type Finding, type Inspected, jobTitle } from './finding.ts'

/** Jobs whose schedule has no slot from now on. `manual`, `always` and `enabled: false` have none by intention. */
export function neverRunning({ agent, now, seen }: Inspected): readonly Omit<Finding, 'code'>[] {
  const known = new Map(seen?.jobs.map(({ name, firstSeen }) => [name, firstSeen]))
  return agent.jobs.flatMap((job) => {
    const { kind } = job.schedule
    if (!job.settings.enabled || job.settings.atStart || kind === 'manual' || kind === 'always') return []
    const anchor = new Date(known.get(job.name) ?? now)
    const message = problemOf(job, new Date(now), anchor)
    if (message === undefined) return []
    return [
      {
        part: jobTitle(job),
        message,
        fix: 'Correct the schedule, remove the job, or run it by hand: manual().',
      },
    ]
  })
}

function problemOf({ schedule }: Job, now: Date, anchor: Date): string | undefined {
  const words = JSON.stringify(scheduleWords(schedule))
  try {
    if (nextSlot(schedule, now, anchor) !== undefined) return undefined
    return `Its schedule ${words} has no slot after ${now.toISOString()}.`
  } catch (error) {
    return `Its schedule ${words} fails: ${asError(error).message}.`
  }
}
