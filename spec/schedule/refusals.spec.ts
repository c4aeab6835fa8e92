import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  always,
  anyOf,
  cron,
  type Every,
  every,
  inZone,
  type MonthDay,
  manual,
  nextRuns,
  type Schedule,
} from '../../lib/schedule/index.ts'

const day = every().day
const hour = every().hour
const minute = every().minute

const at = (unit: string, examples: string, got: string): string =>
  `at: expected a time within the ${unit} such as ${examples}, got ${got}`
const dayAt = (got: string): string => at('day', "'10:30' or '10:30:15'", got)
const hourAt = (got: string): string => at('hour', "':30' or '30:15'", got)
const minuteAt = (got: string): string => at('minute', "':15'", got)
const fields = (got: string): string =>
  `cron: expected five, six or seven fields or an alias such as '@daily', got ${got}`
const aliases = (got: string): string =>
  `cron: expected @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly, got ${got}`
const zone = (got: string): string => `expected a time zone such as 'Europe/Amsterdam', got ${got}`
const until = (got: string): string =>
  `until: expected a Date, a local date such as '2027-01-01 18:30', a time of day or a duration such as '8h', got ${got}`
const count = (got: string): string => `every: expected a whole number of at least 1, got ${got}`

const onDay = (got: string): string =>
  `on: expected a day from 1 to 31, 'last', or one such as 'first monday', 'fifth friday' and 'last sunday', got ${got}`
const start = (got: string): string =>
  `from: expected a Date or a local date such as '2026-01-05' or '2026-01-05 18:30', got ${got}`
const dayFirst = (words: string): string =>
  `${words}: expected a day before all else: ${words}.on(1), .on('last') or .on('first monday')`

/** An invalid pattern, and the suggested one. */
const respelt = [
  ['0 9 * * fri-mon', '0 9 * * 0-1,5-6'],
  ['0 9 * * 7-2', '0 9 * * 0-2'],
  ['0 22-2 * * *', '0 0-2,22-23 * * *'],
  ['0 22-2/2 * * *', '0 22,0,2 * * *'],
  ['0 9 28-3 nov-feb *', '0 9 1-3,28-31 1-2,11-12 *'],
  ['50-10 0 9 * * *', '0-10,50-59 0 9 * * *'],
  ['5/15 * * * *', '5-59/15 * * * *'],
  ['0 9 * * tuesday', '0 9 * * TUE'],
  ['0 9 * JANUARY *', '0 9 * JAN *'],
  ['0 9 * * mon#1-3', '0 9 * * mon#1,mon#2,mon#3'],
  ['0 9 * * mon#last', '0 9 * * mon#L'],
] as const

const refusals: readonly (readonly [words: string, define: () => unknown, message: string | RegExp])[] = [
  ['every(0)', () => every(0), count('0')],
  ['every(-1)', () => every(-1), count('-1')],
  ['every(1.5)', () => every(1.5), count('1.5')],
  ['every(NaN)', () => every(Number.NaN), count('NaN')],
  ['every(Infinity)', () => every(Number.POSITIVE_INFINITY), count('Infinity')],
  ['every(null)', () => every(null as unknown as number), count('null')],
  ['every(1e12).weeks', () => every(1e12).weeks, 'every(1000000000000).weeks: expected at most 1000 years'],
  ['every(2).minute', () => every(2).minute, 'every(2).minute: expected every(2).minutes'],
  ['every(2).monday', () => every(2).monday, 'every(2).monday: expected every(2).weeks.monday'],
  ['every(1).to(2).sunday', () => every(1).to(2).sunday, 'every(1).to(2).sunday: expected every().sunday'],
  ['every(5).to(2)', () => every(5).to(2), 'to: expected a whole number of at least 5, got 2'],
  ['every(5).to(7.5)', () => every(5).to(7.5), 'to: expected a whole number of at least 5, got 7.5'],
  [
    'at on seconds',
    () => every(9).seconds.at(':10'),
    'at: expected minutes, hours, days or days of the week, got every 9 seconds',
  ],
  [
    'at on weeks',
    () => every().week.at('10:30'),
    "at: expected minutes, hours, days or days of the week, got every week: write every().week.monday.at('10:30')",
  ],
  [
    'at on a duration',
    () => every('1h').at(':30'),
    'at: expected minutes, hours, days or days of the week, got every 1h',
  ],
  ...['25:00', '24:00', '2:3', '00:61', '10:30:61', '::2', '.2', '2', ':2', ' 2:30', '59:59', '2:30:000001', ''].map(
    (time) => [`day.at('${time}')`, () => day.at(time), dayAt(JSON.stringify(time))] as const,
  ),
  ['monday.at(10)', () => every().monday.at(10 as unknown as string), dayAt('10')],
  ...['2:30:00', '2:30', '61:00', '00:61', ':5', '::2', ' 12:30', '12', ':60'].map(
    (time) => [`hour.at('${time}')`, () => hour.at(time), hourAt(JSON.stringify(time))] as const,
  ),
  ...['12:30', ':5', '2', ' :30', ':60', '::2'].map(
    (time) => [`minute.at('${time}')`, () => minute.at(time), minuteAt(JSON.stringify(time))] as const,
  ),
  ['every(0).months', () => every(0).months, count('0')],
  ['every(-1).weeks', () => every(-1).weeks.monday, count('-1')],
  ['every(1.5).months', () => every(1.5).months, count('1.5')],
  ['every(2).month', () => every(2).month, 'every(2).month: expected every(2).months'],
  ['every(13000).months', () => every(13_000).months, 'every(13000).months: expected at most 1000 years'],
  ['at on counted weeks', () => every(2).weeks.at('9:00'), /: write every\(2\)\.weeks\.monday\.at\('10:30'\)$/],
  [
    'weeks that vary on a day',
    () => every(1).to(2).weeks.monday,
    'every(1).to(2).weeks.monday: expected every(2).weeks.monday',
  ],
  [
    'months that vary',
    () => every(1).to(3).months.on(1),
    'every(1).to(3).months.on(1): expected every(3).months.on(1)',
  ],
  ...(['at', 'from', 'until'] as const).flatMap((word) => [
    [
      `month.${word} without a day`,
      () => (every().month as never as Every)[word]('9:00'),
      dayFirst('every().month'),
    ] as const,
    [
      `months.${word} without a day`,
      () => (every(2).months as never as Every)[word]('9:00'),
      dayFirst('every(2).months'),
    ] as const,
  ]),
  ...[
    0,
    32,
    -1,
    1.5,
    Number.NaN,
    '1',
    'first',
    'monday',
    'sixth monday',
    'First Monday',
    'first  monday',
    'last monday ',
    '',
    null,
    undefined,
  ].map(
    (day) =>
      [
        `month.on(${JSON.stringify(day)})`,
        () => every().month.on(day as MonthDay),
        onDay(typeof day === 'string' ? JSON.stringify(day) : String(day)),
      ] as const,
  ),
  ['a time of day of a month', () => every().month.on(1).at(':15'), dayAt('":15"')],
  ...['', 'x', '9:00', '8h', '2026-02-30', '2026-1-5', '2026-01-05 24:30', '2026-01-05Z', 'now'].map(
    (text) => [`from('${text}')`, () => day.from(text), start(JSON.stringify(text))] as const,
  ),
  ['from(5)', () => day.from(5 as unknown as string), start('5')],
  ['from(undefined)', () => day.from(undefined as unknown as string), start('undefined')],
  ['from(no date)', () => day.from(new Date('x')), 'from: expected a valid Date, got Invalid Date'],
  [
    'an end before the start',
    () => day.from('2026-05-01').until('2026-04-30'),
    'the schedule ends before it begins: from 2026-05-01 until 2026-04-30',
  ],
  [
    'a start after the end',
    () => day.until(new Date('2026-01-01')).from('2026-05-01'),
    'the schedule ends before it begins: from 2026-05-01 until 2026-01-01T00:00:00.000Z',
  ],
  ['an unknown zone', () => day.at('10:30', 'FakeZone'), zone('"FakeZone"')],
  ['an empty zone', () => day.at('10:30', ''), zone('""')],
  ['a number for a zone', () => day.at('10:30', 43 as unknown as string), zone('43')],
  ['an unknown zone of cron', () => cron('* * * * *', { timezone: 'Mars/Base' }), zone('"Mars/Base"')],
  [
    'a zone of cron that is no option',
    () => cron('* * * * *', 'Europe/Berlin' as unknown as { timezone: string }),
    'the options of cron() must be an object, got "Europe/Berlin"',
  ],
  [
    'a misspelt option of cron',
    () => cron('* * * * *', { timeZone: 'Europe/Berlin' } as { timezone?: string }),
    /^the options of cron\(\) have no "timeZone".*timezone/,
  ],
  ['an unknown zone of an agent', () => inZone(day, 'Mars/Base'), zone('"Mars/Base"')],
  ...['', ' ', '* * * *', '* * * * * * * *', 'daily', '2027-01-01T00:00:00', '* * * *\n*'].map(
    (text) => [`cron(${JSON.stringify(text)})`, () => cron(text), fields(JSON.stringify(text))] as const,
  ),
  ['cron(5)', () => cron(5 as unknown as string), fields('5')],
  ...[
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '*/0 * * * *',
    '5-1 * * * *',
    'x * * * *',
  ].map(
    (text) =>
      [
        `cron('${text}')`,
        () => cron(text),
        new RegExp(`^cron: can not read "${text.replaceAll('*', '\\*')}": .`),
      ] as const,
  ),
  ...respelt.map(
    ([text, works]) =>
      [
        `cron('${text}')`,
        () => cron(text),
        new RegExp(`; write cron\\('${works.replaceAll('*', '\\*')}'\\)$`),
      ] as const,
  ),
  [
    "cron('0 9 L-3 * mon')",
    () => cron('0 9 L-3 * mon'),
    /; write anyOf\(cron\('0 9 L-3 \* \*'\), cron\('0 9 \* \* mon'\)\)$/,
  ],
  ["cron('0 9 L-28 * *')", () => cron('0 9 L-28 * *'), /^cron: can not read "0 9 L-28 \* \*": .*L/],
  ["cron('0 22-2/0 * * *')", () => cron('0 22-2/0 * * *'), /^cron: can not read "0 22-2\/0 \* \* \*": ./],
  ["cron('@never')", () => cron('@never'), aliases('"@never"')],
  [
    "cron('@reboot')",
    () => cron('@reboot'),
    `${aliases('"@reboot"')}; a job with { atStart: true } runs at each start of its agent`,
  ],
  ...['0 0 31 2 *', '0 0 31 4,6,9,11 *', '0 0 0 30 2 * 2028', '0 0 0 29 2 * 2027'].map(
    (text) => [`cron('${text}')`, () => cron(text), `cron: "${text}" never comes`] as const,
  ),
  ...[
    '01-01-3000',
    '123',
    '2027-02-30',
    '2027-13-01',
    '2027-01-01 25:00',
    '2027-1-1',
    '2027-02-30T10:00:00Z',
    '2027-01-01T10:00:00+99:00',
    '2027-01-01Z',
    '',
    'never',
  ].map((end) => [`until('${end}')`, () => day.until(end), until(JSON.stringify(end))] as const),
  ['until(-5)', () => day.until(-5), until('-5')],
  ['until(no date)', () => day.until(new Date('x')), 'until: expected a valid Date, got Invalid Date'],
  ['until(null)', () => day.until(null as unknown as string), until('null')],
  ['anyOf()', () => anyOf(...([] as unknown as [Schedule])), 'anyOf: expected at least one schedule'],
  ['anyOf(always())', () => anyOf(manual(), always()), 'anyOf: expected schedules that have slots, got always'],
  ['anyOf(a string)', () => anyOf('1h' as unknown as Schedule), 'anyOf: expected schedules that have slots, got "1h"'],
  ['an unknown zone for a schedule without one', () => inZone(manual(), 'Mars/Base'), zone('"Mars/Base"')],
  ...[Number.NaN, Number.POSITIVE_INFINITY, -1, 2.5].map(
    (n) =>
      [
        `nextRuns(${n})`,
        () => nextRuns(day, n, new Date(0)),
        `nextRuns: expected a whole number of at least 0, got ${n}`,
      ] as const,
  ),
  ['next of no date', () => day.next(new Date('x')), 'next: expected a valid Date, got Invalid Date'],
]

describe('a definition is rejected, with what was expected and what came:', () => {
  for (const [words, define, message] of refusals) {
    it(words, () => assert.throws(define, { name: 'TidingsError', code: 'TIDINGS_SCHEDULE_INVALID', message }))
  }

  for (const [, works] of respelt) it(`${works} is suggested, and can be read`, () => void cron(works))

  for (const duration of ['10', '', '-5m', '0s', '5 minutes', '10:30']) {
    it(`every('${duration}')`, () => {
      assert.throws(() => every(duration), {
        code: 'TIDINGS_DURATION_INVALID',
        message: `every: expected a duration such as '5s', '1h30m' or a whole number of milliseconds, got "${duration}"`,
      })
    })
  }
})
