import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { escape, escapeLines } from '../../../lib/core/escape.ts'
import { command } from '../../support/command.ts'

const bin = join(import.meta.dirname, '../../../bin')

describe('escape', () => {
  it('removes everything a terminal acts on, and keeps everything visible', () => {
    for (let code = 0; code < 0x10000; code++) {
      const text = escape(String.fromCharCode(code))
      assert.doesNotMatch(
        text,
        /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u,
        code.toString(16),
      )
      assert.equal(JSON.parse(`"${text.replace(/^["\\]$/, String.raw`\$&`)}"`), String.fromCharCode(code))
    }
    assert.equal(escape('né €😀👩‍💻\n\u009b'), 'né €😀👩‍💻\\n\\u009b')
    assert.equal(escapeLines('a\u001b\nb\u0085'), 'a\\u001b\nb\\u0085')
  })
})

describe('the output of commands', () => {
  it('goes through bin/print, which escapes it', () => {
    // The end of all output, help, the version, and lines of JSON that are escaped already.
    const exempt = /^(print\/.*|cli\/main|version|commands\/events\/export-events|user\/keep-secret|templates\/.*)\.ts$/
    const found = readdirSync(bin, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !exempt.test(path))
      .flatMap((path) => (/console\.|std(out|err)\.write/.test(readFileSync(join(bin, path), 'utf8')) ? [path] : []))
    assert.deepEqual(found, [])
  })

  it('repeats no argument unescaped', async () => {
    const hostile = 'x\u001b[31m\u009b2J\u0085\u202edesrever\u2066'
    const lines: readonly (readonly string[])[] = [
      [hostile],
      ['events', hostile],
      ['events', 'ls', `--${hostile}`],
      ['events', 'ls', '--limit', hostile],
      ['events', 'ls', `--json=${hostile}`],
      ['events', 'ls', hostile],
      ['events', 'ls', '--db', hostile],
      ['events', 'show', hostile],
      ['events', 'import', hostile, '--db', hostile],
      ['events', 'import', hostile, '--identity', hostile],
      ['jobs', 'run', hostile, hostile],
      ['run', hostile],
      ['run', 'x', '--log-level', hostile],
      ['run', 'x', '--retain', hostile],
      ['run', 'x', '--env-file', hostile],
      ['test', '-j', hostile],
      ['db', 'prune', '--age', hostile],
      ['db', 'prune', '--bytes', hostile],
      ['db', 'restore', hostile, '--db', hostile],
      ['db', 'verify', '--agent', hostile],
    ]
    for (const args of lines) {
      const { code, stdout, stderr } = await command(...args)
      assert.notEqual(code, 0, args.join(' '))
      const shown = `${stdout}${stderr}`.replaceAll('\n', '')
      assert.doesNotMatch(shown, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u, args.join(' '))
    }
  })
})
