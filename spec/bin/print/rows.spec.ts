import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { printRows, type Row, Table } from '../../../bin/print/rows.ts'
import { showTimesIn } from '../../../bin/print/times.ts'
import { columnsOf } from '../../../lib/core/columns.ts'
import { systemZone } from '../../../lib/schedule/zone.ts'

class Screen {
  text = ''
  readonly isTTY: boolean
  readonly columns: number

  constructor(isTTY: boolean, columns: number) {
    this.isTTY = isTTY
    this.columns = columns
  }

  write(text: string): void {
    this.text += text
  }
}

const head = ['seq', 'type', 'data']
const rows = [
  ['1', 'push', '{"by":"ann"}'],
  ['22', 'a-long-name', 'x'.repeat(100)],
]

/** What a screen shows, line by line. */
const lines = ({ text }: Screen): readonly string[] => text.trimEnd().split('\n')

function environment(t: TestContext, noColor: string | undefined): void {
  const before = process.env.NO_COLOR
  const set = (value: string | undefined): void => {
    if (value === undefined) delete process.env.NO_COLOR
    else process.env.NO_COLOR = value
  }
  set(noColor)
  t.after(() => set(before))
}

describe('printRows', () => {
  it('writes a table to a terminal, cut to its width', async (t) => {
    environment(t, '1')
    const screen = new Screen(true, 40)
    assert.equal(await printRows(head, rows, screen), 2)
    assert.deepEqual(screen.text.split('\n'), [
      'seq  type         data',
      '1    push         {"by":"ann"}',
      `22   a-long-name  ${'x'.repeat(21)}…`,
      '',
    ])
  })

  it('counts wide characters as two columns, and cuts between whole characters', async (t) => {
    environment(t, '1')
    const screen = new Screen(true, 30)
    const family = '\u{1F469}\u{200D}\u{1F467}'
    await printRows(
      ['name', 'data'],
      [
        ['東京', 'x'],
        ['ab', family.repeat(20)],
        ['cd', 'y'.repeat(300_000)],
      ],
      screen,
    )
    assert.deepEqual(screen.text.split('\n'), [
      'name  data',
      '東京  x',
      `ab    ${family.repeat(11)}…`,
      `cd    ${'y'.repeat(23)}…`,
      '',
    ])
  })

  it('makes the head bold, unless NO_COLOR is set', async (t) => {
    for (const [noColor, bold] of [
      [undefined, true],
      ['', true],
      ['1', false],
    ] as const) {
      environment(t, noColor)
      const screen = new Screen(true, 80)
      await printRows(head, rows, screen)
      assert.equal(screen.text.includes('\u001b['), bold, String(noColor))
    }
  })

  it('writes whole rows without a head to a pipe, tabs between their cells', async () => {
    const pipe = new Screen(false, 40)
    await printRows(head, rows, pipe)
    assert.equal(pipe.text, `1\tpush\t{"by":"ann"}\n22\ta-long-name\t${'x'.repeat(100)}\n`)
  })

  it('escapes terminal controls, and anything that looks like another cell or line', async (t) => {
    environment(t, '1')
    const nasty = ['\u001b[2J\u0007', 'a\tb\nc\rd', '\u009b31m\u202e\u2028\ufeff', 'naïve 👩‍👧 日本']
    for (const screen of [new Screen(false, 80), new Screen(true, 80)]) {
      await printRows(['a', 'b', 'c', 'd'], [nasty], screen)
      const cells = screen.text
        .trim()
        .split('\n')
        .at(-1)
        ?.split(/\t| {2,}/)
      assert.deepEqual(cells, [
        '\\u001b[2J\\u0007',
        'a\\tb\\nc\\u000dd',
        '\\u009b31m\\u202e\\u2028\\ufeff',
        'naïve 👩‍👧 日本',
      ])
    }
  })

  it('narrows the widest columns until a line fits, but cuts no time, whose zone the head names', async (t) => {
    environment(t, '1')
    showTimesIn('Europe/Berlin')
    t.after(() => showTimesIn(systemZone()))
    const screen = new Screen(true, 60)
    const rows = [
      [1, new Date('2020-05-01T10:00:00.000Z'), 'x'.repeat(64), '{"a":1}'],
      [22, new Date('2020-05-01T10:00:00.250Z'), 'short', 'y'.repeat(99)],
    ]
    await printRows(['seq', 'accepted', 'identifier', 'data'], rows, screen)
    assert.deepEqual(lines(screen), [
      'seq  accepted (Berlin)    identifier        data',
      '1    2020-05-01 12:00:00  xxxxxxxxxxxxxxx…  {"a":1}',
      '22   2020-05-01 12:00:00  short             yyyyyyyyyyyyyyy…',
    ])
    const pipe = new Screen(false, 60)
    await printRows(['seq', 'accepted', 'identifier', 'data'], [[1, new Date('2020-05-01T10:00:00Z'), 'a', '-']], pipe)
    assert.equal(pipe.text, '1\t2020-05-01T12:00:00.000+02:00\ta\t-\n')
  })

  it('leaves out columns in which nothing is; a pipe gets a dash', async (t) => {
    environment(t, '1')
    const rows = [
      ['a', undefined, 0, undefined],
      ['b', undefined, 1, 'x'],
    ]
    const [screen, pipe] = [new Screen(true, 80), new Screen(false, 80)]
    for (const output of [screen, pipe]) await printRows(['name', 'held', 'new', 'state'], rows, output)
    assert.deepEqual(lines(screen), ['name  new  state', 'a     0', 'b     1    x'])
    assert.equal(pipe.text, 'a\t-\t0\t-\nb\t-\t1\tx\n')
  })

  it('gives a reason a line of its own, which is cut', async (t) => {
    environment(t, '1')
    const rows = [
      ['a', { words: 'failed', why: `no answer ${'x'.repeat(30)}` }],
      ['b', 'done'],
      ['c', { words: '', why: 'no room' }],
    ]
    const [screen, pipe] = [new Screen(true, 30), new Screen(false, 30)]
    for (const output of [screen, pipe]) await printRows(['job', 'outcome'], rows, output)
    assert.deepEqual(lines(screen), [
      'job  outcome',
      'a    failed',
      '    no answer xxxxxxxxxxxxxxx…',
      'b    done',
      'c',
      '    no room',
    ])
    assert.equal(pipe.text, `a\tfailed: no answer ${'x'.repeat(30)}\nb\tdone\nc\tno room\n`)
  })

  it('puts the columns that have no room below each row, with their names', async (t) => {
    environment(t, '1')
    const screen = new Screen(true, 40)
    const head = ['job', 'schedule', 'outcome', 'new', 'duplicate', 'recent', 'state']
    const rows = [
      ['poll', 'every 10 minutes', 'done', 3, 41, '....F', 'paused'],
      ['look', 'every hour', undefined, undefined, undefined, undefined, undefined],
    ]
    await printRows(head, rows, screen)
    assert.deepEqual(lines(screen), [
      'job   schedule   outcome  new  duplicate',
      'poll  every 10…  done     3    41',
      '    recent ....F  state paused',
      'look  every ho…',
    ])
  })

  it('keeps its columns while rows arrive, and prints the head again only with other columns', async (t) => {
    environment(t, '1')
    const screen = new Screen(true, 40)
    const table = new Table(['seq', 'type', 'state'], screen)
    await table.print([[1, 'a-long-type', undefined]])
    await table.print([])
    await table.print([[2, 'b', undefined]])
    await table.print([[1000, 'c', 'x']])
    assert.deepEqual(lines(screen), [
      'seq  type',
      '1    a-long-type',
      '2    b',
      'seq   type         state',
      '1000  c            x',
    ])
  })

  it('makes no line longer than the terminal, whatever is in the cells', async (t) => {
    environment(t, '1')
    const cell = fc.oneof(
      fc.constantFrom(undefined, 0, 4_711_203, new Date('2020-05-01T10:00:00Z'), '東京都', '👩‍👧'.repeat(30)),
      fc.string({ maxLength: 90 }),
      fc.record({ words: fc.string({ maxLength: 20 }), why: fc.string({ maxLength: 200 }) }),
    )
    const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 6 })
    const head = ['listener', 'cursor', 'behind', 'retrying', 'parked', 'first seen', 'state', 'x', 'y']
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 24, max: 120 }), async (given, width) => {
        const screen = new Screen(true, width)
        await printRows(head, given, screen)
        for (const line of lines(screen)) assert.ok(columnsOf(line) <= width, line)
      }),
    )
  })

  it('prints rows as they arrive, a page at a time, and returns their number', async (t) => {
    environment(t, '1')
    async function* many(): AsyncGenerator<Row> {
      for (let n = 1; n <= 1234; n++) yield [String(n)]
    }
    const screen = new Screen(true, 80)
    assert.equal(await printRows(['n'], many(), screen), 1234)
    const lines = screen.text.trim().split('\n')
    assert.equal(lines[0], 'n')
    assert.deepEqual(
      lines.slice(1).map(Number),
      Array.from({ length: 1234 }, (_, i) => i + 1),
    )
    const none = new Screen(true, 80)
    assert.equal(await printRows(['n'], [], none), 0)
    assert.equal(none.text, '')
  })

  it('writes no faster than its reader', async () => {
    let [unread, most] = [0, 0]
    const slow = {
      write: () => {
        most = Math.max(most, (unread += 1))
        return false
      },
      once: (_: 'drain', listener: () => void) =>
        void setImmediate(() => {
          unread = 0
          listener()
        }),
    }
    const many = Array.from({ length: 50 }, () => ['x'])
    assert.equal(await printRows([], many, slow), 50)
    assert.equal(most, 1)
  })
})
