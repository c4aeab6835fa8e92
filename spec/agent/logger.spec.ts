import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prettyStream } from '../../lib/agent/logger.ts'

/** Control characters, except for line breaks and the colors of the pretty printer. */
const ACTS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u
const hostile = '\u001b[31m \u009b2J \u0085forged \u202edesrever\u2069 \u2028 \r\n tab\t bell\u0007 \ufeff'

async function prettied(line: object): Promise<string> {
  let shown = ''
  const stream = await prettyStream({ write: (text) => void (shown += text) })
  stream.write(`${JSON.stringify({ level: 30, time: '2026-11-28T12:00:00.000Z', ...line })}\n`)
  return shown.replaceAll(/\u001b\[\d+m/g, '')
}

describe('a pretty log line', () => {
  it('shows terminal control characters as text, in every field', async () => {
    const lines: readonly object[] = [
      { msg: hostile },
      { msg: 'm', identifier: hostile, nested: { deep: [hostile] } },
      { msg: 'm', [hostile]: 1 },
      { msg: 'm', name: hostile, hostname: hostile, caller: hostile },
      { msg: 'm', level: hostile, time: hostile },
    ]
    for (const line of lines) {
      const shown = await prettied(line)
      assert.doesNotMatch(shown.replace(/\n$/, ''), ACTS, JSON.stringify(shown))
      assert.match(shown, /\\u009b2J/)
    }
  })

  it('keeps the line breaks of a stack, and no other control character', async () => {
    const err = {
      type: 'Error',
      message: hostile,
      stack: `Error: ${hostile}\n    at one (a.ts:1)\n    at two (b.ts:2)`,
    }
    for (const line of [
      { msg: 'm', err },
      { msg: 'm', ...err },
    ]) {
      const shown = await prettied(line)
      assert.match(shown, /\n +at one \(a\.ts:1\)\n +at two/)
      for (const each of shown.split('\n')) assert.doesNotMatch(each, ACTS, JSON.stringify(each))
    }
  })

  it('is printed unchanged when the removal of a secret has broken its JSON', async () => {
    let shown = ''
    const stream = await prettyStream({ write: (text) => void (shown += text) })
    stream.write('{"a":[secret]\n')
    assert.equal(shown, '{"a":[secret]\n')
  })
})
