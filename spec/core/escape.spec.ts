import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { shellWord } from '../../lib/core/escape.ts'

describe('a word of a command line', () => {
  it('is one argument for the shell, and has no quotes where it needs none', () => {
    const texts = ['home', '.tidings/home', 'my log', "it's", '$HOME', 'a"b', '*', '', 'a\nb']
    const command = `printf '%s\\0' ${texts.map(shellWord).join(' ')}`
    assert.equal(execFileSync('sh', ['-c', command], { encoding: 'utf8' }), `${texts.join('\0')}\0`)
    assert.deepEqual(['home', '.tidings/home', 'git:engine'].map(shellWord), ['home', '.tidings/home', 'git:engine'])
  })
})
