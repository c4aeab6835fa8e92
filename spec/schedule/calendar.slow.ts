import { describe, it } from 'node:test'
import { checkCalendar, kinds } from './calendar-check.ts'

describe('schedules that go by the calendar are what a look at every day says, five hundred times', () => {
  for (const [name, kind] of Object.entries(kinds)) it(name, () => checkCalendar(kind, 500))
})
