import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancel } from '../../lib/core/control.ts'
import { TidingsError } from '../../lib/core/errors.ts'
import { job, type Run } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import type { Log } from '../../lib/log/port.ts'
import { every, type Schedule } from '../../lib/schedule/index.ts'
import { type Place, place, wrap } from '../support/agent-harness.ts'

const lost = new TidingsError('TIDINGS_LOG_FAILED', 'the answer was lost')

type Accept = Log['accept']

/** A log that answers the first write which completes a slot in its own way. */
function answering(log: Log, answer: (accept: () => ReturnType<Accept>) => ReturnType<Accept>): Log {
  let isFirst = true
  const accept: Accept = (drafts, origin) => {
    if (origin?.completes === undefined || !isFirst) return log.accept(drafts, origin)
    isFirst = false
    return answer(() => log.accept(drafts, origin))
  }
  return wrap(log, { accept })
}

/** Adds one to the state with each run that succeeds. */
const count: Run = async ({ state }) => state.set('n', ((await state.get<number>('n')) ?? 0) + 1)

const counting = (run: Run = count, options: JobOptions = {}, schedule: Schedule = every(1).minute) =>
  job('count', schedule, run, { jitter: 0, ...options })

async function counted({ log }: Place): Promise<unknown> {
  return (await log.store('job/count').get('n'))?.value
}

/** The recorded runs, as `attempt status`. */
async function recorded({ log }: Place): Promise<string[]> {
  const found: string[] = []
  for await (const { attempt, outcome } of log.runs('count'))
    found.push(`${attempt} ${(outcome as { status: string } | undefined)?.status}`)
  return found
}

describe('a run whose success is stored', () => {
  const losing = (here: Place): Log =>
    answering(here.log, async (accept) => {
      await accept()
      throw lost
    })

  it('is done although the answer was lost: it is not tried again', async (t) => {
    const here = await place(t)
    await here.begin([counting(count, { retry: 3 })], { log: losing(here) })
    await here.clock.advance(100_000)
    assert.deepEqual(await recorded(here), ['1 done'])
    assert.equal(await counted(here), 1)
    assert.deepEqual(here.notes.said('job failed'), [])
  })

  it('is done although the log can not be read for a while after that', async (t) => {
    const here = await place(t)
    let refusals = 5
    const log = losing(here)
    const runs: Log['runs'] = (...asked) => {
      if (refusals-- > 0) throw lost
      return log.runs(...asked)
    }
    await here.begin([counting(count, { retry: 3 })], { log: wrap(log, { runs }) })
    await here.clock.advance(100_000)
    assert.ok(refusals < 0)
    assert.deepEqual(await recorded(here), ['1 done'])
    assert.equal(await counted(here), 1)
  })

  it('is cancelled with its job although the answer was lost', async (t) => {
    const here = await place(t)
    const running = await here.begin(
      [
        counting(async (context) => {
          await count(context)
          throw new Cancel('enough')
        }),
      ],
      { log: losing(here) },
    )
    await here.clock.advance(200_000)
    assert.deepEqual(await recorded(here), ['1 cancelled'])
    assert.equal((await running.status()).jobs[0]?.paused, true)
  })

  const late = (here: Place): Log =>
    answering(here.log, async (accept) => {
      await new Promise<void>((resolve) => void here.clock.timer(resolve, 5000))
      return accept()
    })

  it('is done although its time was up before the answer came', async (t) => {
    const here = await place(t)
    await here.begin([counting(count, { timeout: '1s', retry: 3 })], { log: late(here) })
    await here.clock.advance(100_000)
    assert.deepEqual(await recorded(here), ['1 done'])
    assert.equal(await counted(here), 1)
  })

  it('is done although the agent stops before the answer comes: a restart does not repeat it', async (t) => {
    const here = await place(t)
    const running = await here.begin([counting()], { log: late(here) })
    await here.clock.advance(60_000)
    await here.end(running)
    assert.deepEqual(await recorded(here), ['1 done'])
    await here.begin([counting()])
    await here.clock.advance(1000)
    assert.equal(await counted(here), 1)
  })

  it('is done although the next slot replaces it before the answer comes', async (t) => {
    const here = await place(t)
    const note: Run = ({ state, slot }) => state.set(slot.toISOString(), 1)
    await here.begin([counting(note, { overlap: 'replace' }, every(3).seconds)], { log: late(here) })
    await here.clock.advance(12_000)
    const statuses = await recorded(here)
    assert.ok(statuses.length > 1)
    assert.deepEqual(new Set(statuses), new Set(['1 done']))
    let counted = 0
    for await (const _ of here.log.store('job/count').list()) counted++
    assert.equal(counted, statuses.length)
  })
})

describe('a run whose success is not stored', () => {
  it('is tried again when the answer was lost', async (t) => {
    const here = await place(t)
    await here.begin([counting(count, { retry: 3 })], { log: answering(here.log, () => Promise.reject(lost)) })
    await here.clock.advance(100_000)
    assert.deepEqual(await recorded(here), ['1 failed', '2 done'])
    assert.equal(await counted(here), 1)
  })
})
