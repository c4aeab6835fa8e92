import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prettyStream } from '../../lib/agent/logger.ts'
import { PrettyLines } from '../../lib/agent/pretty-lines.ts'
import { columnsOf, loadWidths } from '../../lib/core/columns.ts'

/** Control characters, except for line breaks and the colors of the pretty printer. */
const ACTS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u
const hostile = '\u001b[31m \u009b2J \u0085forged \u202edesrever\u2069 \u2028 \r\n tab\t bell\u0007 \ufeff'

/** What a terminal of 80 columns shows of some lines. */
async function shown(
  lines: readonly object[],
  { level = 30, width = 80 }: { readonly level?: number; readonly width?: number } = {},
): Promise<readonly string[]> {
  await loadWidths()
  let text = ''
  const pretty = new PrettyLines({ level, colored: false, columns: () => width })
  const stream = prettyStream({ write: (more) => void (text += more) }, pretty)
  for (const line of lines)
    stream.write(`${JSON.stringify({ level: 30, time: '2026-11-28T12:00:00.000Z', ...line })}\n`)
  for (const line of text.split('\n')) assert.ok(columnsOf(line) <= width, line)
  return text.trimEnd().split('\n')
}

const prettied = async (line: object, level?: number): Promise<string> =>
  (await shown([line], { level: level ?? 30, width: 2000 })).join('\n')

/** An error as pino writes it, thrown in a file of the user. */
const failed = (message: string, more: object = {}): object => ({
  level: 50,
  msg: 'job failed',
  job: 'poll',
  err: {
    type: 'Error',
    message,
    stack: [
      `Error: ${message}`,
      '    at node:internal/deps/undici/undici:1:2',
      `    at inner (file://${process.cwd()}/node_modules/tidings/dist/lib/index.js:1:1)`,
      `    at async run (file://${process.cwd()}/agents/home.ts:12:5)`,
      `    at async outer (file://${process.cwd()}/agents/other.ts:1:5)`,
    ].join('\n'),
  },
  ...more,
})

describe('a pretty log line', () => {
  it('shows terminal control characters as text, in every field', async () => {
    const lines: readonly object[] = [
      { msg: hostile },
      { msg: 'm', identifier: hostile, nested: { deep: [hostile] } },
      { msg: 'm', [hostile]: 1 },
      { msg: 'm', name: hostile, hostname: hostile, caller: hostile },
      { msg: 'm', level: hostile, time: hostile },
      { msg: hostile, next: [null], waits: [1], log: 2, err: null },
      { msg: 'agent started', next: [{ job: hostile, at: hostile }] },
      {
        msg: 'stopping agent',
        waits: [
          { job: hostile, ms: 1 },
          { listener: hostile, deliveries: hostile, ms: 1 },
        ],
      },
      failed(hostile),
    ]
    for (const line of lines) {
      const text = await prettied(line)
      assert.doesNotMatch(text, ACTS, JSON.stringify(text))
      assert.match(text, /\\u009b2J/)
    }
  })

  it('has a stack only at debug, with its line breaks and no other control character', async () => {
    const err = {
      type: 'Error',
      message: 'no',
      stack: `Error: ${hostile}\n    at one (a.ts:1:1)\n    at two (b.ts:2:1)`,
    }
    for (const line of [
      { msg: 'm', err },
      { msg: 'm', ...err },
    ]) {
      const text = await prettied(line, 20)
      assert.match(text, /\n +at one \(a\.ts:1:1\)\n +at two/)
      for (const each of text.split('\n')) assert.doesNotMatch(each, ACTS, JSON.stringify(each))
    }
    assert.doesNotMatch(await prettied({ msg: 'm', err }), /at one/)
  })

  it('is printed unchanged when the removal of a secret has broken its JSON', async () => {
    let text = ''
    const lines = new PrettyLines({ level: 30, colored: false, columns: () => 80 })
    prettyStream({ write: (more) => void (text += more) }, lines).write('{"a":[secret]\n')
    assert.equal(text, '{"a":[secret]\n')
  })

  it('is one line for a failure: the cause, the own line of code, and when it is tried again', async () => {
    const again = { attempt: 1, attempts: 5, wait: 2137 }
    const refused = `connect ECONNREFUSED\n${'at all '.repeat(40)}`
    const lines = [
      failed('no answer', { attempt: 5, attempts: 5 }),
      failed('no answer', again),
      failed(refused, again),
      failed('x'.repeat(90), { ...again, wait: 600_000, job: undefined, listener: 'l'.repeat(40), seq: 12 }),
      failed('no room', { level: 40, msg: 'log failed, retrying', job: undefined, wait: 100 }),
      failed('thrown in a timer', { msg: 'uncaught exception', job: undefined }),
    ]
    assert.deepEqual(await shown(lines), [
      '12:00:00 UTC job failed poll: no answer (agents/home.ts:12) (5 of 5)',
      '12:00:00 job failed poll: no answer (agents/home.ts:12), again in 2 s (1 of 5)',
      '12:00:00 job failed poll: connect ECONNREFU… (home.ts:12), again in 2 s (1 of 5)',
      '12:00:00 job failed lllllllllllllllllll… event 12: xx…, again in 10 min (1 of 5)',
      '12:00:00 log failed, retrying: no room (agents/home.ts:12), again in 100 ms',
      '12:00:00 ERROR uncaught exception: thrown in a timer (agents/home.ts:12)',
    ])
    assert.match(await prettied(failed('no', { attempt: 1, attempts: 1 })), /poll: no \(agents\/home\.ts:12\)$/)
  })

  it('wraps a message, and cuts a long value', async () => {
    const lines = await shown([{ msg: 'words '.repeat(20).trim(), identifier: 'x'.repeat(99), seq: 1 }])
    assert.deepEqual(lines, [
      '12:00:00 UTC words words words words words words words words words words words',
      '  words words words words words words words words words',
      '  identifier=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… seq=1',
    ])
  })

  it('leaves the address of the page whole', async () => {
    const address = `http://127.0.0.1:4711/?token=${'x'.repeat(32)}`
    assert.deepEqual(await shown([{ msg: 'page opened', address }]), [
      '12:00:00 UTC page opened',
      `  address=${address}`,
    ])
  })

  it('leaves out runs that find nothing new, and the beginning of runs, above debug', async () => {
    const lines = [
      { msg: 'running job', job: 'poll' },
      { msg: 'job done', job: 'poll', new: 0, changed: 0, duplicate: 3, ms: 1 },
      { msg: 'job done', job: 'poll', new: 0, changed: 0, duplicate: 0, held: 20, ms: 1 },
      { msg: 'job done', job: 'poll', new: 1, changed: 0, duplicate: 0, ms: 1 },
    ]
    assert.deepEqual(await shown(lines), [
      '12:00:00 UTC job done job=poll new=0 changed=0 duplicate=0 held=20 ms=1',
      '12:00:00 job done job=poll new=1 changed=0 duplicate=0 ms=1',
    ])
    assert.equal((await shown(lines, { level: 20 })).length, 4)
  })

  it('has the time of the agent, whose zone the first line names, and the date of another day', async () => {
    const lines = [
      { msg: 'starting agent', agent: 'a', timezone: 'Europe/Berlin' },
      { msg: 'new event', type: 't', time: '2026-11-28T12:00:01Z' },
      { msg: 'starting agent', agent: 'b', timezone: 'Asia/Tokyo' },
      { msg: 'm', agent: 'a', until: '2026-11-28T20:00:00.250Z' },
      { msg: 'm', agent: 'b', time: '2026-11-28T15:00:00Z' },
    ]
    assert.deepEqual(await shown(lines), [
      '13:00:00 Berlin starting agent agent=a timezone=Europe/Berlin',
      '13:00:01 new event type=t',
      '21:00:00 Tokyo starting agent agent=b timezone=Asia/Tokyo',
      '13:00:00 Berlin m agent=a until=21:00:00',
      '11-29 00:00:00 Tokyo m agent=b',
    ])
  })

  it('tells what runs next, and what an agent that stops waits for', async () => {
    const next = [
      { job: 'soon', at: '2026-11-28T12:00:02.000Z' },
      { job: 'late', at: '2026-11-29T09:00:00.000Z' },
    ]
    const waits = [
      { job: 'slow', ms: 3100 },
      { listener: 'mail', deliveries: 2, ms: 400 },
    ]
    const lines = [
      { msg: 'agent started', agent: 'home', jobs: 2, listeners: 0, next },
      { msg: 'agent started', agent: 'home', jobs: 0, listeners: 0, next: [] },
      { msg: 'stopping agent', agent: 'home', waits, grace: 10_000 },
    ]
    assert.deepEqual(await shown(lines, { width: 120 }), [
      '12:00:00 UTC agent started agent=home jobs=2 listeners=0; next runs: soon 12:00:02, late 2026-11-29 09:00:00',
      '12:00:00 agent started agent=home jobs=0 listeners=0',
      '12:00:00 stopping agent agent=home: waits up to 10 s for job slow (3 s), 2 deliveries of mail (400 ms)',
    ])
  })
})
