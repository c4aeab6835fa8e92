import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CalendarEvent, calendar } from '../../streams/calendar.ts'
import { localService } from '../support/local-service.ts'
import { draftsOf, watchStream } from '../support/watch-stream.ts'
import { look, meeting, NOW, vcalendar, vevent } from './calendar-service.ts'

async function watch(t: { after(work: () => unknown): void }) {
  let file = ''
  const service = await localService(t, () => ({ body: file }))
  const watched = await watchStream(t, calendar({ url: `${service.url}/home.ics`, timezone: 'UTC' }), {
    now: () => NOW,
  })
  const see = async (...parts: readonly string[]): Promise<readonly CalendarEvent[]> => {
    file = vcalendar(...parts)
    const before = watched.told.length
    await watched.see('changed')
    return watched.told.slice(before).map((event) => event.data as CalendarEvent)
  }
  return { ...watched, see }
}

describe('a change of a calendar', () => {
  const daily = (...lines: readonly string[]): string =>
    vevent('UID:daily', 'DTSTART:20250105T090000Z', 'RRULE:FREQ=DAILY', 'SUMMARY:Standup', ...lines)

  it('is what was not there at the first look', async (t) => {
    const { see } = await watch(t)
    assert.equal((await see(meeting(60), daily())).length, 0)
    assert.deepEqual(
      (await see(meeting(60), daily(), meeting(90))).map(({ title }) => title),
      ['Meeting 90'],
    )
  })

  it('is one of its time, title, place, rules, exceptions or cancellation, and no other', async (t) => {
    const { see } = await watch(t)
    await see(meeting(60), daily())
    for (const [lines, told] of [
      [['SEQUENCE:7', 'LAST-MODIFIED:20260105T000000Z', 'DESCRIPTION:new'], 0],
      [['LOCATION:Room 4'], 1],
      [['LOCATION:Room 4', 'DTSTAMP:20260105T000000Z'], 0],
      [['LOCATION:Room 4', 'STATUS:CANCELLED'], 1],
      [[], 1],
    ] as const) {
      assert.equal((await see(meeting(60, ...lines), daily())).length, told, lines.join())
    }
    assert.equal((await see(meeting(60).replace('Meeting 60', 'Lunch'), daily())).length, 1)
    const lunch = meeting(60).replace('Meeting 60', 'Lunch')
    const [changed] = await see(lunch, daily('EXDATE:20260106T090000Z'))
    assert.deepEqual([changed?.uid, changed?.rule], ['daily', 'FREQ=DAILY'])
    const one = vevent('UID:daily', 'RECURRENCE-ID:20260107T090000Z', 'DTSTART:20260107T110000Z', 'SUMMARY:Standup')
    assert.equal((await see(lunch, daily('EXDATE:20260106T090000Z'), one))[0]?.recurrence, '2026-01-07T09:00:00.000Z')
  })

  it('is of one calendar, although others have the event too', async (t) => {
    const service = await localService(t, () => ({ body: vcalendar(meeting(60)) }))
    const stream = calendar({ url: `${service.url}/work.ics`, as: 'work' })
    const [draft] = await draftsOf(stream, { now: () => NOW }, 'changed')
    assert.equal(draft?.identifier, 'work meeting-60@example.com')
  })

  it('is not one of an event that is over', async (t) => {
    const { see } = await watch(t)
    const old = vevent('UID:old', 'DTSTART:20250105T090000Z', 'RRULE:FREQ=DAILY;UNTIL=20250301T000000Z')
    await see()
    assert.equal((await see(meeting(-60), old, meeting(10))).length, 1)
  })

  it('of nearly all identifiers at once is held', async (t) => {
    const { see, running } = await watch(t)
    const many = Array.from({ length: 30 }, (_, at) => at + 1)
    await see(...many.map((at) => meeting(at)))
    const renumbered = await see(...many.map((at) => meeting(at).replace('UID:meeting', 'UID:renumbered')))
    assert.equal(renumbered.filter(({ uid }) => uid?.startsWith('renumbered')).length, 0)
    const { jobs } = await running.status()
    assert.ok(jobs.some(({ name }) => name === 'calendar.changed'))
  })
})

describe('a file that is broken', () => {
  it('costs only the events that are', async () => {
    const broken = [
      vevent('UID:no start'),
      vevent('DTSTART:20260105T080000Z'),
      vevent('UID:a', 'DTSTART:garbage'),
      vevent('UID:b', 'DTSTART:20260105T080000Z', 'RRULE:FREQ=SOMETIMES'),
      vevent('UID:c', 'DTSTART:20260105T080000Z', 'a line without a colon'),
      'BEGIN:VEVENT\r\nUID:d',
    ]
    const events = await look(vcalendar(...broken, meeting(5)))
    assert.deepEqual(
      events.map(({ title }) => title),
      ['Meeting 5'],
    )
  })

  it('may have folded lines, bare newlines, a byte order mark and odd cases', async () => {
    const file = vcalendar(meeting(5, 'LOCATION:A long\r\n  room\\, with\r\n\t a view')).replace(
      'BEGIN:VEVENT',
      'begin:vevent',
    )
    assert.equal((await look(`\uFEFF${file.replaceAll('\r\n', '\n')}`))[0]?.place, 'A long room, with a view')
  })

  it('is refused if it is cut short or something else', async () => {
    for (const file of [vcalendar(meeting(5)).slice(0, -20), '<html>', '', 'BEGIN:VCARD\r\nEND:VCARD']) {
      await assert.rejects(look(file), { code: 'TIDINGS_RESPONSE_INVALID' })
    }
  })

  it('may have a very long UID, or hostile names', async () => {
    const long = vevent(`UID:${'x'.repeat(5000)}`, 'DTSTART:20260105T080000Z', 'SUMMARY:Long')
    const other = vevent('UID:__proto__', 'DTSTART;TZID=__proto__:20260105T090000', 'SUMMARY:Odd')
    assert.deepEqual(
      (await look(vcalendar(long, other))).map(({ title }) => title),
      ['Long', 'Odd'],
    )
  })

  it('may have a zone that changes too often, which is then unknown', { timeout: 20_000 }, async () => {
    const changes = ['BEGIN:STANDARD', 'DTSTART:20000101T000000', 'RRULE:FREQ=SECONDLY', 'END:STANDARD']
    const offsets = ['TZOFFSETFROM:+0300', 'TZOFFSETTO:+0300']
    const bomb = ['BEGIN:VTIMEZONE', 'TZID:Bomb', ...changes.toSpliced(2, 0, ...offsets), 'END:VTIMEZONE'].join('\r\n')
    const event = vevent('UID:a', 'DTSTART;TZID=Bomb:20260105T090000', 'SUMMARY:In time')
    assert.deepEqual(
      (await look(vcalendar(bomb, event))).map(({ title }) => title),
      ['In time'],
    )
  })

  it('may have very many events', { timeout: 60_000 }, async () => {
    const many = Array.from({ length: 20_000 }, (_, at) => meeting(at * 60 + 5))
    assert.equal((await look(vcalendar(...many))).length, 1)
    const opened = 'BEGIN:VEVENT\r\n'.repeat(100_000)
    assert.equal((await look(vcalendar(opened, meeting(5)))).length, 1)
  })
})
