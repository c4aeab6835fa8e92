import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { instant } from '../../lib/filter/time.ts'
import { after, before, type Test } from '../../lib/filters.ts'

describe('instant', () => {
  it('reads Dates, milliseconds and the ISO strings that JSON keeps of a Date as the same instant', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        assert.equal(instant(date), date.getTime())
        assert.equal(instant(date.getTime()), date.getTime())
        assert.equal(instant(date.toISOString()), date.getTime())
      }),
      { examples: [[new Date(8.64e15)], [new Date(-8.64e15)], [new Date('2024-02-29')]] },
    )
  })

  it('reads the shorter forms of ISO strings; without a zone they are UTC, on every machine', () => {
    const noon = Date.UTC(2026, 4, 1, 12)
    const midnight = Date.UTC(2026, 4, 1)
    const zone = process.env.TZ
    try {
      for (const here of ['UTC', 'Asia/Tokyo', 'America/New_York']) {
        process.env.TZ = here
        assert.equal(instant('2026-05-01'), midnight)
        assert.equal(instant('2026-05-01T12:00'), noon)
        assert.equal(instant('2026-05-01T12:00:00'), noon)
        assert.equal(instant('2026-05-01T12:00:00.000000'), noon)
        assert.equal(instant('2026-05-01T14:00+02:00'), noon)
        assert.equal(instant('2026-05-01T06:30:00-05:30'), noon)
        assert.equal(instant('2026-05-01T24:00Z'), midnight + 86_400_000)
      }
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })

  it('is NaN for anything but an instant', () => {
    const texts = [
      '',
      'x',
      '1',
      '2026',
      '2026-05',
      '2026-5-1',
      '05/01/2026',
      'May 1 2026',
      '2026-05-01Z',
      '2026-05-01 12:00',
      '2026-02-30',
      '2025-02-29',
      '2026-04-31T00:00:00Z',
      '2026-13-01',
      '2026-00-10',
      '2026-05-01T25:00Z',
      '2026-05-01T12:60Z',
      '2026-05-01T12:00+25:00',
      '-000000-01-01',
      '2026-05-01T12',
      ' 2026-05-01',
      '2026-05-01\n',
    ]
    for (const text of texts) assert.ok(Number.isNaN(instant(text)), text)
    for (const v of [null, undefined, true, Number.NaN, 1 / 0, 9e15, new Date('x'), {}, [], 1n])
      assert.ok(Number.isNaN(instant(v)))
  })
})

describe('before and after', () => {
  const day = '2026-05-01'
  const ways = (text: string): (Date | string | number)[] => [
    new Date(text),
    new Date(text).toISOString(),
    Date.parse(text),
  ]

  it('compare instants, however bound and value are written', () => {
    for (const bound of ways(day)) {
      for (const early of ways('2026-04-30T23:59:59.999Z')) {
        assert.deepEqual([before(bound)(early), after(bound)(early)], [true, false])
      }
      for (const late of ways('2026-05-01T00:00:00.001Z')) {
        assert.deepEqual([before(bound)(late), after(bound)(late)], [false, true])
      }
      for (const same of ways(day)) assert.deepEqual([before(bound)(same), after(bound)(same)], [false, false])
    }
  })

  it('are false for anything but a date', () => {
    for (const v of ['soon', '', null, undefined, Number.NaN, new Date('x'), true, {}, []]) {
      assert.deepEqual(
        [before(day), after(day)].map((test) => (test as Test<unknown>)(v)),
        [false, false],
      )
    }
  })

  it('keep their own copy of a Date', () => {
    const bound = new Date(5)
    const test = before(bound)
    bound.setTime(1)
    assert.equal(test(4), true)
    assert.equal(String(test), "before(new Date('1970-01-01T00:00:00.005Z'))")
  })

  it('reject a bound that is not a date', () => {
    for (const [name, test] of Object.entries({ before, after })) {
      const expected = `${name}() expects a valid Date, an ISO string or milliseconds`
      assert.throws(() => test('soon'), { name: 'TypeError', message: `${expected}, and got 'soon'` })
      assert.throws(() => test(new Date('x')), { name: 'TypeError', message: `${expected}, and got an invalid Date` })
      assert.throws(() => test(Number.NaN), { name: 'TypeError', message: `${expected}, and got NaN` })
      assert.throws(() => test(undefined as never), { name: 'TypeError', message: `${expected}, and got undefined` })
    }
  })
})
