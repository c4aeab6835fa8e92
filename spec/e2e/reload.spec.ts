import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connect } from '../../lib/agent/socket/client.ts'
import { start, tidings, userFolder } from './program.ts'

const code = (schedule: string, more = '') => `
  import { agent, every, job, listener, on } from 'tidings'
  import { greet } from './greet.mjs'
  export default agent('home', [
    job('poll', every('${schedule}'), ({ publish, slot }) => void publish('tick', slot.toISOString(), {}), { atStart: true }),
    listener('print', on('tick'), () => greet()),
    ${more}
  ])`
const greet = (word: string) => `export const greet = () => console.log('${word}')`

describe('tidings reload', () => {
  it('loads the code again, in every module, and prints what has changed; wrong code changes nothing', async (t) => {
    const folder = userFolder(t, { 'home.ts': code('10s'), 'greet.mjs': greet('hi') })
    const running = start(t, folder, 'tidings', ['run', 'home.ts'])
    await running.said(/^hi$/m)
    writeFileSync(join(folder, 'home.ts'), code('1m', "listener('mail', on('tick'), () => undefined),"))
    writeFileSync(join(folder, 'greet.mjs'), greet('hello'))
    const { code: exit, stdout, stderr } = await tidings(t, folder, ['reload', 'home.ts'])
    assert.equal(exit, 0, stderr)
    const [poll, mail, log] = stdout.split('\n')
    assert.deepEqual([poll, mail], ['~ job poll  every 10s → 1m', '+ listener mail (from now)'])
    assert.match(log ?? '', /^= log \.tidings\/home, \d+ events?$/)
    await running.said(/^hello$/m)
    writeFileSync(join(folder, 'greet.mjs'), "export const greet = () => {}\nthrow new Error('not today')")
    const failed = await tidings(t, folder, ['reload', '--json'])
    assert.deepEqual([failed.code, failed.stdout], [1, ''])
    assert.match(failed.words, /^tidings: greet\.mjs:2: not today; still running the version of \d\d:\d\d$/m)
    const agent = await connect(join(folder, '.tidings/home'))
    const health = await agent?.status()
    assert.deepEqual([health?.problems, health?.listeners.length], [[], 2])
    assert((health?.loaded ?? '') > (health?.since ?? ''))
    // Two at once take turns.
    writeFileSync(join(folder, 'greet.mjs'), greet('good day'))
    const answers = await Promise.all([agent?.reload(), agent?.reload()])
    assert.deepEqual(
      answers.map((answer) => answer?.changes),
      [[], []],
    )
    assert.equal((await running.signal('SIGINT')).code, 0)
    const resting = await tidings(t, folder, ['reload'])
    assert.deepEqual(
      [resting.code, resting.words.trim()],
      [1, 'tidings: no agent runs on this log: start it with tidings run FILE'],
    )
  })
})
