import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { type CalendarEvent, type CalendarOptions, calendar } from '../../streams/calendar.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService, type Told } from '../support/local-service.ts'
import { draftsOf, secretsOf, watchStream } from '../support/watch-stream.ts'
import { example, look, MINUTE, meeting, NOW, stamp, starts, vcalendar, vevent } from './calendar-service.ts'

const HOUR = 60 * MINUTE

for (const job of ['soon', 'changed']) {
  httpSourceSuite({
    name: 'calendar',
    stream: (url) => calendar({ url: `${url}/home.ics`, soon: '1h', backfill: 100 }),
    job,
    serve: (items) => () => ({ body: vcalendar(...items.map((minutes) => meeting(minutes))) }),
    renumbering: {
      serve: (items) => () => ({
        body: vcalendar(...items.map((minutes) => meeting(minutes).replace('UID:', 'UID:new-'))),
      }),
      ...(job === 'changed'
        ? { outcome: 'held' }
        : { outcome: 'told again', because: 'one that is held would be told after it began' }),
    },
    pages: 'a calendar is one file',
    world: { now: () => NOW },
    conditional: true,
  })
}

describe('the calendar stream', () => {
  // The laws look from 22:00 on; a day later, everything is still to come.
  const wire = fc.record({
    uid: fc.constantFrom('a', 'b', 'c'),
    minute: fc.integer({ min: 0, max: 300 }),
    title: fc.constantFrom('Lunch', 'Dinner, late', ''),
    stamp: fc.integer({ min: 0, max: 59 }),
  })
  const laws = streamLaws(calendar, {
    options: { url: 'https://calendar.example/home.ics', soon: '3d', backfill: 100 },
    wire,
    truth: ({ uid }) => uid,
    serve: (sent) => async () =>
      new Response(
        vcalendar(
          ...sent.map(({ uid, minute, title, stamp: second }) =>
            vevent(
              `UID:${uid}`,
              `DTSTART:${stamp(Date.UTC(2026, 0, 3) + minute * MINUTE)}`,
              `SUMMARY:${title.replaceAll(',', '\\,')}`,
              `SEQUENCE:${second}`,
            ),
          ),
        ),
      ),
    numRuns: 8,
  })
  for (const [name, law] of Object.entries(laws)) it(name, law)

  it('has an example of every event type', async (t) => {
    const drafts = await example(t)
    assert.deepEqual(
      drafts.map(({ type, identifier }) => [type, identifier]),
      [
        ['calendar.soon', 'meeting-10@example.com'],
        ['calendar.changed', 'meeting-10@example.com'],
      ],
    )
    const expected: CalendarEvent = {
      uid: 'meeting-10@example.com',
      recurrence: null,
      title: 'Meeting 10',
      place: 'Room 4',
      start: '2026-01-05T08:00:00.000Z',
      end: '2026-01-05T08:30:00.000Z',
      date: null,
      description: null,
      url: null,
      rule: null,
      cancelled: false,
    }
    assert.deepEqual(
      drafts.map(({ data }) => data),
      [expected, expected],
    )
  })

  it('checks its options', () => {
    assert.throws(() => calendar({}), /needs either url or secretUrl/)
    assert.throws(() => calendar({ url: 'ftp://example.com/a.ics' }), /url: expected an http or https address/)
    assert.throws(() => calendar({ url: 'webcal://example.com/a.ics', timezone: 'Mars/Base' }), /IANA time zone/)
  })

  it('keeps a secret address out of its errors', async (t) => {
    const service = await localService(t, () => ({ status: 404, body: 'gone' }))
    const world = { secret: secretsOf({ CALENDAR_URL: `${service.url}/private-0123/basic.ics?key=4567` }) }
    const failure = await draftsOf(calendar({ secretUrl: 'CALENDAR_URL' }), world).then(
      () => assert.fail('the run succeeded'),
      (error: unknown) => error as Error,
    )
    assert.equal(service.asked[0]?.path, '/private-0123/basic.ics')
    assert.match(failure.message, /answered 404/)
    assert.ok(!JSON.stringify([failure.message, failure]).match(/0123|4567/))
    await assert.rejects(draftsOf(calendar({ secretUrl: 'CALENDAR_URL' }), { secret: () => 'nonsense' }), (error) => {
      return error instanceof Error && error.message.includes('CALENDAR_URL') && !error.message.includes('nonsense')
    })
  })
})

describe('an event that begins soon', () => {
  const watch = async (t: { after(work: () => unknown): void }, options: Partial<CalendarOptions> = {}) => {
    let answer: Told = {}
    let now = NOW
    const service = await localService(t, () => answer)
    const stream = calendar({ url: `${service.url}/home.ics`, timezone: 'Europe/Amsterdam', ...options })
    const watched = await watchStream(t, stream, { now: () => now })
    const see = async (minutes: number, file: string, job = 'soon'): Promise<readonly CalendarEvent[]> => {
      answer = { body: file, headers: { etag: `"${file.length}"` } }
      now = NOW + minutes * MINUTE
      const before = watched.told.length
      await watched.see(job)
      return watched.told.slice(before).map((event) => event.data as CalendarEvent)
    }
    return { ...watched, service, see }
  }
  const titles = (events: readonly CalendarEvent[]): string[] => events.map(({ title }) => title)

  it('is published once, from then on', async (t) => {
    const { see } = await watch(t)
    const file = vcalendar(meeting(20))
    assert.deepEqual(titles(await see(0, file)), [])
    assert.deepEqual(titles(await see(5, file)), ['Meeting 20'])
    assert.deepEqual(titles(await see(10, file)), [])
  })

  it('is published again before its new start when it moves', async (t) => {
    const { see } = await watch(t)
    await see(0, vcalendar(meeting(10)))
    const moved = meeting(10).replace(stamp(NOW + 10 * MINUTE), stamp(NOW + 40 * MINUTE))
    assert.deepEqual(
      titles(await see(5, vcalendar(moved.replace(stamp(NOW + 40 * MINUTE), stamp(NOW + 50 * MINUTE))))),
      [],
    )
    assert.equal((await see(35, vcalendar(moved)))[0]?.start, '2026-01-05T08:30:00.000Z')
  })

  it('is published late after a pause, unless it has ended or began before the first look', async (t) => {
    const { see } = await watch(t)
    const file = vcalendar(meeting(-10), meeting(30), meeting(80), meeting(120))
    assert.deepEqual(titles(await see(0, file)), [])
    assert.deepEqual(titles(await see(90, file)), ['Meeting 80'])
  })

  it('is not one that is cancelled', async (t) => {
    const { see } = await watch(t)
    assert.deepEqual(titles(await see(0, vcalendar(meeting(5, 'STATUS:CANCELLED'), meeting(6, 'STATUS:CONFIRMED')))), [
      'Meeting 6',
    ])
  })

  it('comes within reach although the file has not changed', async (t) => {
    const { service, see, told } = await watch(t)
    const file = vcalendar(meeting(20))
    service.answer(({ headers }) =>
      headers['if-none-match'] === '"v1"' ? { status: 304 } : { body: file, headers: { etag: '"v1"' } },
    )
    const counts: number[] = []
    for (const minutes of [0, 3, 6, 9]) {
      await see(minutes, file)
      counts.push(told.length)
    }
    assert.deepEqual(counts, [0, 0, 1, 1])
    assert.deepEqual(
      service.asked.map(({ headers }) => headers['if-none-match'] !== undefined),
      [false, true, false, true],
    )
  })

  it('comes within reach although the file is as it was before', async (t) => {
    const { service, see, told } = await watch(t)
    const [first, second] = [vcalendar(meeting(20), meeting(30)), vcalendar(meeting(20))]
    let file = first
    service.answer(({ headers }) => {
      const etag = file === first ? '"1"' : '"2"'
      return headers['if-none-match'] === etag ? { status: 304 } : { body: file, headers: { etag } }
    })
    const counts: number[] = []
    for (const [minutes, now] of [
      [0, first],
      [6, second],
      [17, first],
    ] as const) {
      file = now
      await see(minutes, file)
      counts.push(told.length)
    }
    assert.deepEqual(counts, [0, 1, 2])
  })

  it('may be a whole day, which begins at midnight of the reader', async () => {
    const file = vcalendar(vevent('UID:a', 'DTSTART;VALUE=DATE:20260106', 'SUMMARY:Holiday'))
    const at = (now: number, timezone: string) => look(file, { now, timezone })
    const [amsterdam] = await at(Date.UTC(2026, 0, 5, 22, 50), 'Europe/Amsterdam')
    assert.deepEqual(
      [amsterdam?.start, amsterdam?.end, amsterdam?.date],
      ['2026-01-05T23:00:00.000Z', '2026-01-06T23:00:00.000Z', '2026-01-06'],
    )
    const [newYork] = await at(Date.UTC(2026, 0, 6, 4, 50), 'America/New_York')
    assert.deepEqual([newYork?.start, newYork?.date], ['2026-01-06T05:00:00.000Z', '2026-01-06'])
  })

  it('may float: its time is that of the reader', async () => {
    const file = vcalendar(vevent('UID:a', 'DTSTART:20260105T090000', 'DTEND:20260105T100000'))
    assert.equal((await look(file))[0]?.start, '2026-01-05T08:00:00.000Z')
    assert.equal(
      (await look(file, { timezone: 'Europe/London', now: NOW + HOUR }))[0]?.start,
      '2026-01-05T09:00:00.000Z',
    )
  })

  const zone = (name: string, ...lines: string[]) => {
    const times = [`DTSTART;TZID=${name}:20260701T090000`, `DTEND;TZID=${name}:20260701T100000`]
    return vcalendar(...lines, vevent('UID:a', ...times))
  }
  const embedded = (name: string): string =>
    [
      'BEGIN:VTIMEZONE',
      `TZID:${name}`,
      'BEGIN:STANDARD',
      'DTSTART:16010101T030000',
      'TZOFFSETFROM:+0500',
      'TZOFFSETTO:+0330',
      'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10',
      'END:STANDARD',
      'BEGIN:DAYLIGHT',
      'DTSTART:16010101T020000',
      'TZOFFSETFROM:+0330',
      'TZOFFSETTO:+0500',
      'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3',
      'END:DAYLIGHT',
      'END:VTIMEZONE',
    ].join('\r\n')

  it('has a zone of the file, of IANA, of Windows, or else of the reader', async () => {
    const july = Date.UTC(2026, 6, 1)
    const start = async (file: string) => starts(file, july, 1)
    assert.deepEqual(await start(zone('Customized Time Zone', embedded('Customized Time Zone'))), [
      '2026-07-01T04:00:00.000Z',
    ])
    assert.deepEqual(await start(zone('America/New_York')), ['2026-07-01T13:00:00.000Z'])
    assert.deepEqual(await start(zone('Pacific Standard Time')), ['2026-07-01T16:00:00.000Z'])
    assert.deepEqual(await start(zone('Nowhere')), ['2026-07-01T07:00:00.000Z'])
    const winter = zone('Odd', embedded('Odd')).replaceAll('20260701', '20260105')
    assert.deepEqual(await starts(winter, Date.UTC(2026, 0, 5), 1), ['2026-01-05T05:30:00.000Z'])
  })
})

describe('an instance of a series', () => {
  const series = (...lines: readonly string[]): string =>
    vevent('UID:series', 'DTSTART;TZID=Europe/Amsterdam:20260105T090000', 'DURATION:PT1H', 'SUMMARY:Standup', ...lines)
  const moved = (from: string, to: string, ...lines: readonly string[]): string =>
    vevent(
      'UID:series',
      `RECURRENCE-ID;TZID=Europe/Amsterdam${from}`,
      `DTSTART;TZID=Europe/Amsterdam:${to}`,
      'DURATION:PT1H',
      'SUMMARY:Moved',
      ...lines,
    )
  const told = async (...parts: readonly string[]): Promise<(readonly [string, string, string | null])[]> => {
    const events = await look(vcalendar(...parts), { now: Date.UTC(2026, 0, 5), soon: '4d' })
    return events.map(({ start, title, recurrence }) => [start.slice(5, 16), title, recurrence?.slice(5, 16) ?? null])
  }

  it('may move, also away and to before', async () => {
    const daily = series('RRULE:FREQ=DAILY')
    assert.deepEqual(
      await told(daily, moved(':20260106T090000', '20260106T140000'), moved(':20260112T090000', '20260107T100000')),
      [
        ['01-05T08:00', 'Standup', '01-05T08:00'],
        ['01-06T13:00', 'Moved', '01-06T08:00'],
        ['01-07T08:00', 'Standup', '01-07T08:00'],
        ['01-07T09:00', 'Moved', '01-12T08:00'],
        ['01-08T08:00', 'Standup', '01-08T08:00'],
      ],
    )
  })

  it('may move with all later ones', async () => {
    const later = moved(';RANGE=THISANDFUTURE:20260107T090000', '20260107T103000')
    assert.deepEqual(await told(series('RRULE:FREQ=DAILY'), later), [
      ['01-05T08:00', 'Standup', '01-05T08:00'],
      ['01-06T08:00', 'Standup', '01-06T08:00'],
      ['01-07T09:30', 'Moved', '01-07T08:00'],
      ['01-08T09:30', 'Moved', '01-08T08:00'],
    ])
  })

  it('may be cancelled, or be all that a file has of its series', async () => {
    const cancelled = moved(':20260106T090000', '20260106T090000', 'STATUS:CANCELLED')
    assert.deepEqual(
      (await told(series('RRULE:FREQ=DAILY;COUNT=3'), cancelled)).map(([start]) => start),
      ['01-05T08:00', '01-07T08:00'],
    )
    assert.deepEqual(await told(moved(':20260106T090000', '20260106T110000')), [
      ['01-06T10:00', 'Moved', '01-06T08:00'],
    ])
  })

  it('of whole days is named by its day', async () => {
    const days = vevent('UID:days', 'DTSTART;VALUE=DATE:20260101', 'RRULE:FREQ=DAILY', 'EXDATE;VALUE=DATE:20260107')
    const other = vevent('UID:days', 'RECURRENCE-ID;VALUE=DATE:20260108', 'DTSTART:20260108T120000Z', 'SUMMARY:Timed')
    const events = await look(vcalendar(days, other), { now: Date.UTC(2026, 0, 5, 12), soon: '3d' })
    assert.deepEqual(
      events.map(({ start, recurrence }) => [start.slice(5, 16), recurrence]),
      [
        ['01-05T23:00', '2026-01-06'],
        ['01-08T12:00', '2026-01-08'],
      ],
    )
  })

  it('is that of the newest copy, if a file has several', async () => {
    const [old, current] = [1, 2].map((at) => meeting(5, `SEQUENCE:${at}`).replace('Meeting 5', `Version ${at}`))
    assert.deepEqual(
      (await look(vcalendar(current ?? '', old ?? ''))).map(({ title }) => title),
      ['Version 2'],
    )
  })
})
