import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { agent } from '../../lib/agent/define/agent.ts'
import { start } from '../../lib/agent/start.ts'
import { type Clock, systemClock } from '../../lib/core/clock.ts'
import { DAY } from '../../lib/core/time-units.ts'
import { job } from '../../lib/job/job.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { every } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { until } from '../support/until.ts'
import { answered } from './answered.ts'
import { count, tidings, userFolder } from './program.ts'

const tick = "const tick = eventType('tick').of<{ n: number }>()\n"

const several = `
import { agent, always, eventType, every, job, listener, manual, on } from 'tidings'
${tick}
const off = { enabled: false }
export default agent('several', [
  job('first', every().day.at('10:30'), ({ publish }) => { publish(tick, 'first', { n: 1 }) }),
  job('second', manual(), () => [tick('second', { n: 2 }), tick('first', { n: 1 })]),
  job('switched_off', every(2).seconds, () => tick('off', { n: 3 }), off),
  job('endless', always(), () => new Promise(() => undefined)),
  listener('print', on(tick), (event) => console.log(event.identifier)),
  listener('count', on(tick), () => undefined),
])
`

const failing = `
import { agent, eventType, job, listener, manual, on, Park } from 'tidings'
${tick}
const publish = (name: string, id = name) => job(name, manual(), () => tick(id, { n: 1 }))
const bad = job('bad', manual(), () => { throw new Error('no luck') })
const print = listener('print', on(tick), (event) => console.log(event.identifier))
const down = listener('down', on(tick), () => { throw new Error('down') })
const parks = listener('parks', on(tick), () => { throw new Park('not this one') })
export const badJob = agent('bad_job', [publish('good'), bad, print])
export const retrying = agent('retrying', [publish('good'), down, print])
export const parking = agent('parking', [publish('good'), parks, print])
`

const daily = `
import { agent, eventType, every, job } from 'tidings'
${tick}
const at = ({ slot }) => tick(slot.toISOString(), { n: 1 })
export default agent('daily', [job('tick', every().day.at('10:30', 'UTC'), at, { missed: 'all' })])
`

const only = (name: string): string => `export { ${name} as default } from './failing.ts'`

describe('tidings jobs run --dry', () => {
  it('shows what a job would publish before its agent has ever run, and stores nothing', async (t) => {
    const folder = userFolder(t, { 'several.ts': several })
    const dry = await answered(folder, ['jobs', 'run', 'second', 'several.ts', '--dry'])
    assert.equal(dry.code, 0, dry.stderr)
    assert.equal(dry.stdout, 'new\ttick\tsecond\t{"n":2}\nnew\ttick\tfirst\t{"n":1}\n')
    assert.equal(existsSync(join(folder, '.tidings')), false)
  })
})

describe('tidings run --once', () => {
  it('runs every enabled job that ends, whatever its schedule, delivers, and prints a summary', async (t) => {
    const folder = userFolder(t, { 'several.ts': several })
    const ended = await tidings(t, folder, ['run', 'several.ts', '--once'])
    assert.equal(ended.code, 0, ended.stderr)
    assert.deepEqual(ended.stdout.trim().split('\n').sort(), ['first', 'second'])
    assert.equal(count(ended, 'running job'), 2)
    const left = ended.lines.find(({ msg }) => msg === 'left out with --once: jobs of always(), which never end')
    assert.deepEqual((left as { jobs?: unknown } | undefined)?.jobs, ['endless'])
    const { msg, level: _, time: __, ...fields } = ended.lines.at(-1) ?? { msg: '', level: 0 }
    assert.equal(
      msg,
      'ran 2 jobs: 2 new events, 1 duplicate; 4 deliveries; see the log with: tidings events ls --db .tidings/several',
    )
    assert.deepEqual(fields, {
      jobs: 2,
      failed: 0,
      new: 2,
      duplicate: 1,
      deliveries: 4,
      parked: 0,
      waiting: 0,
      log: '.tidings/several',
    })
    const again = await answered(folder, ['run', 'several.ts', '--once', '--json'])
    assert.equal(again.code, 0)
    assert.deepEqual(JSON.parse(again.stdout), { ...fields, new: 0, duplicate: 3, deliveries: 0 })
  })

  it('runs only the named jobs, even a disabled one, but not an endless one', async (t) => {
    const folder = userFolder(t, { 'several.ts': several })
    const named = (...names: readonly string[]) => [
      'run',
      'several.ts',
      '-m',
      '--once',
      ...names.flatMap((name) => ['--only', name]),
    ]
    const one = await answered(folder, named('switched_off'))
    const two = await tidings(t, folder, named('first', 'second'))
    const endless = await answered(folder, named('endless'))
    assert.equal(one.stdout, 'off\n')
    assert.equal(count(two, 'running job'), 2)
    assert.equal(endless.code, 2)
    assert.match(endless.words, /job "endless" never ends by itself: run it without --once/)
  })

  it('ends with code 1 when a job failed, or an event was parked or waits for a retry', async (t) => {
    const names = ['badJob', 'retrying', 'parking']
    const files = Object.fromEntries(names.map((name) => [`${name}.ts`, only(name)]))
    const folder = userFolder(t, { 'failing.ts': failing, ...files })
    const [badJob, retrying, parking] = await Promise.all(
      names.map((name) => tidings(t, folder, ['run', `${name}.ts`, '--once'])),
    )
    for (const ended of [badJob, retrying, parking]) {
      assert.equal(ended?.code, 1, ended?.stderr)
      assert.equal(ended?.stdout, 'good\n')
    }
    assert.match(badJob?.lines.at(-1)?.msg ?? '', /^ran 2 jobs, 1 failed: 1 new event, no duplicates; 1 delivery; /)
    assert.match(retrying?.lines.at(-1)?.msg ?? '', /; 2 deliveries, 1 to be retried; /)
    assert.match(parking?.lines.at(-1)?.msg ?? '', /; 2 deliveries, 1 parked; /)
    assert.equal(badJob?.lines.find(({ msg }) => msg === 'job failed')?.job, 'bad')
  })

  it('leaves slots that were missed to the next start', async (t) => {
    const folder = userFolder(t, { 'daily.ts': daily })
    const slots: string[] = []
    const run = ({ slot }: { readonly slot: Date }): void => void slots.push(slot.toISOString().slice(11, 16))
    const parts = [job('tick', every().day.at('10:30', 'UTC'), run, { missed: 'all' })]
    const openAt = async (clock: Clock, started: () => boolean) => {
      const log = await openLog(join(folder, '.tidings', 'daily'), { clock })
      const running = await start(agent('daily', parts), { log, logger: false })
      await until(started)
      await running.stop()
      await log.close()
    }
    await openAt(virtualClock(new Date(Date.now() - 3 * DAY)), () => true)
    const ended = await answered(folder, ['run', 'daily.ts', '--once'])
    assert.equal(ended.code, 0, ended.stderr)
    await openAt(systemClock, () => slots.length === 3)
    assert.deepEqual(slots, ['10:30', '10:30', '10:30'])
  })

  it('delivers a long backlog, and then ends', async (t) => {
    const many = `
      import { setTimeout as sleep } from 'node:timers/promises'
      import { agent, eventType, job, listener, manual, on } from 'tidings'
      ${tick}
      let heard = 0
      export default agent('many', [
        job('many', manual(), () => Array.from({ length: 1000 }, (_, n) => tick(String(n), { n }))),
        listener('slow', on(tick), async () => { await sleep(2); heard += 1; if (heard === 1000) console.log('all') }, { ordered: () => 'one key' }),
      ])`
    const ended = await answered(userFolder(t, { 'many.ts': many }), [
      'run',
      'many.ts',
      '--once',
      '--log-level',
      'warn',
    ])
    assert.equal(ended.stdout, 'all\n')
    assert.equal(ended.code, 0, ended.stderr)
  })
})
