import { describe, it } from 'node:test'
import { checkCalendar, kinds } from './calendar-check.ts'

describe('calendar schedules match a check of every day, five hundred times', () => {
  for (const [name, kind] of Object.entries(kinds)) it(name, () => checkCalendar(kind, 500))
})
