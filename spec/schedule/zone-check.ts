import assert from 'node:assert/strict'
import { cron, every, type Schedule } from '../../lib/schedule/index.ts'
import { daily, hourly, scan, transitions } from './zone-scanner.ts'

/** Compares schedules with a minute scanner around each clock change of a zone. Returns the number of changes. */
export function checkZone(zone: string, fromYear: number, toYear: number): number {
  const found = transitions(zone, fromYear, toYear)
  for (const transition of found) {
    const around = scan(zone, transition)
    const slots = (schedule: Schedule): string[] => {
      const dates: Date[] = []
      let slot = schedule.next(new Date(around.from))
      while (slot !== undefined && slot.getTime() <= around.to) {
        dates.push(slot)
        slot = schedule.next(slot, new Date(around.from))
      }
      return dates.map((date) => date.toISOString())
    }
    const same = (schedule: Schedule, expected: readonly number[]): void =>
      assert.deepEqual(
        slots(schedule),
        expected.map((instant) => new Date(instant).toISOString()),
        String(schedule),
      )

    for (const minute of [0, 15, 30, 45]) {
      same(cron(`${minute} * * * *`, { timezone: zone }), hourly(around, minute))
      same(every().hour.at(`:${String(minute).padStart(2, '0')}`, zone), hourly(around, minute))
    }
    for (const time of around.times) {
      const [hour, minute] = time.split(':')
      same(cron(`${Number(minute)} ${Number(hour)} * * *`, { timezone: zone }), daily(around, time))
      same(every().day.at(time, zone), daily(around, time))
    }
  }
  return found.length
}
