import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openLog } from '../../lib/index.ts'
import { answered } from './answered.ts'
import { root, tidings, userFolder } from './program.ts'

const examples = join(root, 'docs/examples')
const program = `
import { agent, eventType, every, job, listener, on, where } from 'tidings'
import { eq } from 'tidings/filters'
const tick = eventType('tick').of<{ n: number }>()
export default agent('clock', [
  job('tick', every('1m'), () => undefined, { publishes: [tick, eventType('tock')] }),
  listener('hear', on(tick).pipe(where('data.n', eq(1)), where('data.n', eq(2))), (event) => console.log(event)),
])
`

describe('tidings lint', () => {
  it('finds nothing in the examples', async (t) => {
    const folder = userFolder(t)
    const agents = readdirSync(examples).filter((name) =>
      /export default agent\(/.test(readFileSync(join(examples, name), 'utf8')),
    )
    assert.ok(agents.length >= 3)
    for (const name of agents) {
      const { code, stdout, stderr } = await answered(folder, ['lint', join(examples, name)])
      assert.deepEqual([code, stdout], [0, ''], `${stdout}${stderr}`)
    }
  })

  it('prints findings by part, within 80 columns, and exits with 1', async (t) => {
    const folder = userFolder(t, { 'clock.ts': program })
    const { code, stdout, stderr } = await tidings(t, folder, ['lint', 'clock.ts'])
    assert.equal(code, 1)
    const expected = `job "tick"
  event-unheard: It publishes "tock", which no listener hears. Listen to it, or
    leave it out of the job.
listener "hear"
  filter-never: where('data.n', eq(1)) and where('data.n', eq(2)) never hold
    together, so the listener receives nothing. Remove one of them, or combine
    them: any(…) holds if one of its tests does.
`
    assert.equal(stdout, expected)
    assert.equal(stderr, '2 findings in clock.ts\n')

    const json = await tidings(t, folder, ['lint', 'clock.ts', '--json'])
    const findings = JSON.parse(json.stdout) as Record<string, string>[]
    assert.deepEqual(
      [json.code, findings.map((each) => Object.keys(each).join(' '))],
      [1, ['code part message fix', 'code part message fix']],
    )
    const ignored = await tidings(t, folder, [
      'lint',
      'clock.ts',
      '--ignore',
      'event-unheard',
      '--ignore',
      'filter-never',
    ])
    assert.deepEqual([ignored.code, ignored.stdout], [0, ''])
    assert.equal((await tidings(t, folder, ['lint', 'clock.ts', '--ignore', 'filter-never'])).code, 1)
  })

  it('takes what the log shows into account', async (t) => {
    const text = program.replace("on(tick).pipe(where('data.n', eq(1)), where('data.n', eq(2)))", "on('tick')")
    const folder = userFolder(t, { 'clock.ts': text })
    const log = await openLog(join(folder, '.tidings/clock'))
    const [first] = await log.accept([{ type: 'tick', identifier: '1', data: null }], { job: 'tick' })
    await log.accept([{ type: 'tick', identifier: '2', data: null }], { cause: first?.seq ?? 0 })
    await log.close()
    const { stdout } = await answered(folder, ['lint', 'clock.ts', '--json', '--ignore', 'event-unheard'])
    const findings = JSON.parse(stdout) as { readonly code: string; readonly part: string }[]
    assert.deepEqual(
      findings.map(({ code, part }) => `${code} ${part}`),
      ['listener-loop listener "hear"'],
    )
  })

  it('exits with 2 for wrong usage, and names the rule that was meant', async (t) => {
    const folder = userFolder(t)
    const { code, stderr } = await answered(folder, ['lint', 'hello.ts', '--ignore', 'filter-nevr'])
    assert.deepEqual([code, stderr.includes('did you mean "filter-never"?')], [2, true])
    assert.equal((await answered(folder, ['lint'])).code, 2)
  })
})
