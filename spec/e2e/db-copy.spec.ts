import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openLog } from '../../lib/index.ts'
import { draftsOf, list } from '../../lib/testing/log-bench.ts'
import { command } from '../support/command.ts'
import { userFolder } from './program.ts'
import { folderWithLogs, runOn } from './steering.ts'

describe('tidings db copy', () => {
  it('makes the same log in another folder, and counts what it has copied', async (t) => {
    const folder = userFolder(t)
    const [from, to, other] = ['from', 'to', 'other'].map((name) => join(folder, name)) as [string, string, string]
    const log = await openLog(from)
    await log.accept(draftsOf(3), { state: [{ namespace: 'n', key: 'k', value: 1 }] })
    await (await log.consumer('mail', { start: 'start' })).flush()
    const events = await list(log.events())
    await log.close()
    const { code, stdout, stderr } = await command('db', 'copy', from, to)
    assert.deepEqual([code, stderr], [0, ''])
    const what = '3 events (1 to 3), 3 identities, 1 listener and 1 value of state'
    const warning = 'run agents on only one of the two: each of them would tell what the other one has told'
    assert.equal(stdout, `${what} are in ${to}, compared with ${from}\n${warning}\n`)
    const json = await command('db', 'copy', to, other, '--json')
    const records = { event: 3, identity: 3, state: 1, consumer: 1, mark: 0, slots: 0, run: 0 }
    assert.deepEqual(JSON.parse(json.stdout), { from: to, to: other, first: 1, last: 3, records })
    const copy = await openLog(other)
    assert.deepEqual(await list(copy.events()), events)
    await copy.close()

    const taken = await command('db', 'copy', from, to)
    assert.deepEqual([taken.code, taken.stdout], [2, ''])
    assert.match(taken.stderr, /to is not empty: choose a folder that is empty or does not exist\n$/)
    const none = await command('db', 'copy', `${from}.none`, join(folder, 'x'))
    assert.deepEqual([none.code, none.stderr], [2, `tidings: there is no log in ${from}.none\n`])
    assert.equal((await command('db', 'copy', from)).code, 2)
  })

  it('refuses a log on which an agent runs', async (t) => {
    const folder = await folderWithLogs(t)
    const [db, to] = [join(folder, 'running'), join(folder, 'to')]
    await runOn(t, folder)
    const { code, stderr } = await command('db', 'copy', db, to)
    assert.deepEqual([code, stderr], [3, `tidings: an agent runs on the log in ${db}: stop it first\n`])
    assert.equal(existsSync(to), false)
  })

  it('says that a server can not be reached, without the password', async (t) => {
    const folder = await folderWithLogs(t)
    const address = 'postgres://me:hidden@127.0.0.1:1/db?schema=home'
    for (const args of [
      [join(folder, 'stopped'), address],
      [address, join(folder, 'to')],
    ]) {
      const { code, stderr } = await command('db', 'copy', ...args)
      assert.equal(code, 1)
      assert.match(stderr, /^tidings: PostgreSQL can't be reached: .*127\.0\.0\.1:1/)
      assert.doesNotMatch(stderr, /hidden/)
    }
    assert.equal(existsSync(join(folder, 'to')), false)
  })
})
