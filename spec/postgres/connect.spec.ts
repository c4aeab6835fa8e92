import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serversOf } from '../../lib/postgres/connect.ts'

describe('serversOf', () => {
  it('finds one server, or each of a list, with everything else as it is', () => {
    const cases: readonly (readonly [address: string, servers: readonly string[]])[] = [
      ['postgres://a.example/tidings', ['postgres://a.example/tidings']],
      ['postgres:///tidings?user=me', ['postgres:///tidings?user=me']],
      [
        'postgres://me:p%2Cw@a:5433,b/x?schema=y',
        ['postgres://me:p%2Cw@a:5433/x?schema=y', 'postgres://me:p%2Cw@b/x?schema=y'],
      ],
      [
        'postgres:///x?host=%2Frun%2Fa,/run/b&user=me',
        ['postgres:///x?host=%2Frun%2Fa&user=me', 'postgres:///x?host=%2Frun%2Fb&user=me'],
      ],
      ['postgres:///x?host=%zz', ['postgres:///x?host=%25zz']],
      ['postgres:///x?user=me&host=a%2Cb', ['postgres:///x?user=me&host=a', 'postgres:///x?user=me&host=b']],
    ]
    for (const [address, servers] of cases) assert.deepEqual(serversOf(address), servers)
  })
})
