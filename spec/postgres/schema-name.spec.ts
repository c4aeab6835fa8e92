import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { schemaName } from '../../lib/postgres/schema-name.ts'

describe('schemaName', () => {
  it('prefers what is asked for, then the address, then tidings', () => {
    assert.equal(schemaName('postgres://host/db'), 'tidings')
    assert.equal(schemaName('postgres://host/db?schema=home'), 'home')
    assert.equal(schemaName('postgres:///db?host=%2Ftmp&schema=home&user=me#schema=other'), 'home')
    assert.equal(schemaName('postgres://host/db?host=x', 'other'), 'other')
    assert.equal(schemaName('postgres://host/db?schema=home', 'home'), 'home')
  })

  it('rejects two different schemas', () => {
    const message = 'the address names the schema "home", the options "other": leave one out'
    assert.throws(() => schemaName('postgres://host/db?schema=home', 'other'), { code: 'TIDINGS_LOG_INVALID', message })
  })

  it('rejects what only resembles an address, and does not repeat it', () => {
    const message = 'the address of a log in PostgreSQL begins with postgres://'
    for (const address of ['POSTGRES://me:pw@host/x', ' postgres://me:pw@host/x', 'postgres:/me:pw@host/x'])
      assert.throws(() => schemaName(address), { code: 'TIDINGS_LOG_INVALID', message })
  })

  for (const name of ['', 'A', 'a"b', '1a', 'a'.repeat(64), 'é']) {
    it(`rejects ${JSON.stringify(name)}`, () => {
      const rejected = { code: 'TIDINGS_LOG_INVALID', message: /^a schema is a name of a-z, 0-9 and _, got "/ }
      assert.throws(() => schemaName('postgres://host/db', name), rejected)
      assert.throws(() => schemaName(`postgres://host/db?schema=${encodeURIComponent(name)}`), rejected)
    })
  }
})
