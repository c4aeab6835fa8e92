import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lastValueFrom, toArray } from 'rxjs'
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import type { Receipt } from '../../../lib/core/event.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import { job, type Run } from '../../../lib/job/job.ts'
import { runOnce } from '../../../lib/job/run-once.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { place } from '../../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()
const seen = eventType('seen').of<{ n: number }>({ changed: true })

describe('publish(draft)', () => {
  it('publishes in a job, in a handler and from outside, with or without a version', async (t) => {
    const here = await place(t)
    const answers: Receipt[] = []
    const run: Run = async ({ publish }) => void answers.push(await publish(made('job', { n: 1 })))
    const running = await here.begin([
      job('make', manual(), run),
      listener('hear', on(made), async ({ data }, { publish }) => {
        answers.push(await publish(seen('it', data)))
      }),
    ])
    assert.equal((await running.trigger('make'))?.new, 1)
    answers.push(await running.publish(made('outside', { n: 2 })), await running.publish(made('outside', { n: 2 })))
    answers.push(await running.publish('made', 'by name', { n: 2 }), await running.publish(made, 'by type', { n: 2 }))
    await running.drained()
    const events = await here.events()
    assert.deepEqual(
      events.filter(({ type }) => type === 'made').map(({ identifier, job: by }) => [identifier, by]),
      [
        ['job', 'make'],
        ['outside', undefined],
        ['by name', undefined],
        ['by type', undefined],
      ],
    )
    // Told again only when it changed.
    const told = events.filter(({ type }) => type === 'seen')
    assert.deepEqual(
      told.map(({ data, revision, cause }) => [data, revision, typeof cause]),
      [
        [{ n: 1 }, 1, 'number'],
        [{ n: 2 }, 2, 'number'],
      ],
    )
    for (const { status, seq, event } of answers) {
      assert.equal(event !== undefined, status !== 'duplicate', status)
      if (event !== undefined)
        assert.deepEqual(
          event,
          events.find((each) => each.seq === seq),
        )
    }
  })

  it('answers "offered" without a log', async () => {
    const run: Run = async ({ publish }) => {
      assert.deepEqual(await publish(made('1', { n: 1 })), { status: 'offered', seq: 0 })
    }
    const all = await lastValueFrom(runOnce(job('make', manual(), run)).pipe(toArray()))
    assert.deepEqual(all, [{ type: 'made', identifier: '1', data: { n: 1 } }])
  })

  it('rejects anything but a draft', async (t) => {
    const here = await place(t)
    const running = await here.begin([])
    const publish = running.publish as unknown as (...given: unknown[]) => Promise<Receipt>
    const wrong: readonly [string, readonly unknown[]][] = [
      ['TIDINGS_TYPE_INVALID', []],
      ['TIDINGS_TYPE_INVALID', [{ type: 'made' }]],
      ['TIDINGS_TYPE_INVALID', [{ identifier: '1', data: 1 }]],
      ['TIDINGS_TYPE_INVALID', [[made('1', { n: 1 })]]],
      ['TIDINGS_TYPE_INVALID', [made('1', { n: 1 }), 'more']],
      ['TIDINGS_IDENTIFIER_INVALID', [{ type: 'made', identifier: 1, data: 1 }]],
      ['TIDINGS_IDENTIFIER_INVALID', [made]],
      ['TIDINGS_DATA_INVALID', [{ type: 'made', identifier: '1', data: new Date() }]],
    ]
    for (const [code, given] of wrong) await assert.rejects(publish(...given), { code }, JSON.stringify(given))
    assert.deepEqual(await here.events(), [])
  })

  it('rejects from outside once the agent stops', async (t) => {
    const here = await place(t)
    const running = await here.begin([])
    await here.end(running)
    await assert.rejects(running.publish(made('1', { n: 1 })), { code: 'TIDINGS_RUN_ENDED' })
  })
})

describe('the context of a run', () => {
  it('queries the events of the log; without a log it finds nothing', async (t) => {
    const here = await place(t)
    await here.log.accept([1, 2, 3].map((n) => made(String(n), { n })))
    const found: string[][] = []
    const run: Run = async ({ events }) => {
      const these: string[] = []
      for await (const { identifier } of events({ types: ['made'], reverse: true, limit: 2 })) these.push(identifier)
      for await (const { identifier } of events()) these.push(identifier)
      found.push(these)
    }
    const running = await here.begin([job('look', manual(), run)])
    await running.trigger('look')
    await lastValueFrom(runOnce(job('look', manual(), run)), { defaultValue: undefined })
    assert.deepEqual(found, [['3', '2', '1', '2', '3'], []])
  })

  it('has a logger that takes a message, fields and a message, or an error', async () => {
    const said: unknown[][] = []
    const logger = { ...silentLogger, info: (...words: unknown[]) => void said.push(words) }
    const log = await memoryLog()
    const error = new Error('no luck')
    const parts = [
      job('say', manual(), ({ logger: own }) => {
        const { info } = own
        own.info('job words')
        own.info({ n: 1 }, 'job fields')
        own.info(error)
        info('torn off')
      }),
      listener('hear', on(made), (_, { logger: own }) => own.info('handler words')),
    ]
    const running = await start(agent('says', parts), { log, logger })
    await running.trigger('say')
    await running.publish(made('1', { n: 1 }))
    await running.drained()
    await running.stop()
    await log.close()
    assert.deepEqual(
      said.filter(([, words]) => words === undefined || words === 'job fields'),
      [['job words'], [{ n: 1 }, 'job fields'], [error], ['torn off'], ['handler words']],
    )
  })
})
