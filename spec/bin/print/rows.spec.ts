import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { printRows, type Row } from '../../../bin/print/rows.ts'

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

  it('narrows the widest columns until a line fits, but cuts no time', async (t) => {
    environment(t, '1')
    const screen = new Screen(true, 60)
    const rows = [
      ['1', '2026-05-01T10:00:00.000Z', 'x'.repeat(64), '{"a":1}'],
      ['22', '2026-05-01T10:00:00.000Z', 'short', 'y'.repeat(99)],
    ]
    await printRows(['seq', 'accepted', 'identifier', 'data'], rows, screen)
    assert.deepEqual(screen.text.trimEnd().split('\n'), [
      'seq  accepted              identifier    data',
      '1    2026-05-01T10:00:00Z  xxxxxxxxxxx…  {"a":1}',
      '22   2026-05-01T10:00:00Z  short         yyyyyyyyyyyyyyyyyyy…',
    ])
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
