import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { command } from '../../../support/command.ts'

describe('tidings db init --print-sql', () => {
  it('prints the same statements as text and as JSON', async () => {
    const asked = ['db', 'init', 'postgres://nowhere.example/x?schema=home', '--print-sql'] as const
    const text = await command(...asked)
    const json = await command(...asked, '--json')
    assert.deepEqual([text.code, json.code], [0, 0])
    assert.match(text.stdout, /^BEGIN;\nCREATE SCHEMA IF NOT EXISTS "home"/)
    assert.deepEqual(JSON.parse(json.stdout), { sql: text.stdout })
  })
})
