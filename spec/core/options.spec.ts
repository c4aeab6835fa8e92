import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent } from '../../lib/agent/define/agent.ts'
import { start } from '../../lib/agent/start.ts'
import { recordWorld } from '../../lib/agent/try/record-world.ts'
import { tryOut } from '../../lib/agent/try/try-out.ts'
import { Cancel, Park, Retry } from '../../lib/core/control.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { checkOptions } from '../../lib/core/options.ts'
import { drafts } from '../../lib/job/drafts.ts'
import { job } from '../../lib/job/job.ts'
import { runOnce } from '../../lib/job/run-once.ts'
import { memoryLog, openLog } from '../../lib/level/open-log.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { manual } from '../../lib/schedule/index.ts'
import { agentLaws } from '../../lib/testing/agent-laws.ts'
import { arbFaults } from '../../lib/testing/arb-faults.ts'
import { arbHistory } from '../../lib/testing/arb-history.ts'
import { arbDraft } from '../../lib/testing/arbitraries.ts'
import { fc } from '../../lib/testing/fast-check.ts'
import { listenerLaws } from '../../lib/testing/listener-laws.ts'
import { logSuite } from '../../lib/testing/log-suite.ts'
import { pipeLaws } from '../../lib/testing/pipe-laws.ts'
import { streamLaws } from '../../lib/testing/stream-laws.ts'

/** A function that takes options, and the code with which it rejects them. */
type Taker = readonly [code: string, given: (options: never) => unknown]

const nothing = (): void => undefined
const home = agent('home', [])
const idle = job('idle', manual(), nothing)
const print = listener('print', on('made'), nothing)
const stream = (): never => assert.fail('the stream is not made')

const takers: Record<string, Taker> = {
  'listener "print"': ['TIDINGS_LISTENER_INVALID', (options) => listener('print', on('made'), nothing, options)],
  'backoff of listener "print"': [
    'TIDINGS_LISTENER_INVALID',
    (options) => listener('print', on('made'), nothing, { backoff: options }),
  ],
  'job "make"': ['TIDINGS_JOB_INVALID', (options) => job('make', manual(), nothing, options)],
  'agent "home"': ['TIDINGS_AGENT_INVALID', (options) => agent('home', [], options)],
  'start()': ['TIDINGS_AGENT_INVALID', (options) => start(home, options)],
  'event type "made"': ['TIDINGS_TYPE_INVALID', (options) => eventType('made').of(options)],
  'a log': ['TIDINGS_LOG_INVALID', (options) => openLog('never-made', options)],
  Retry: ['TIDINGS_DURATION_INVALID', (options) => new Retry(options)],
  Park: ['TIDINGS_LISTENER_INVALID', (options) => new Park('it is full', options)],
  Cancel: ['TIDINGS_JOB_INVALID', (options) => new Cancel('it is out', options)],
  'drafts()': ['TIDINGS_JOB_INVALID', (options) => drafts(idle, options)],
  'tryOut()': ['TIDINGS_AGENT_INVALID', (options) => tryOut(options)],
  'again of tryOut()': ['TIDINGS_AGENT_INVALID', (options) => tryOut({ log: undefined as never, again: options })],
  'recordWorld()': ['TIDINGS_AGENT_INVALID', (options) => recordWorld(options)],
  'the world of recordWorld()': ['TIDINGS_AGENT_INVALID', (options) => recordWorld({ world: options })],
  'agentLaws()': ['TIDINGS_AGENT_INVALID', (options) => agentLaws(home, options)],
  'arbFaults()': ['TIDINGS_AGENT_INVALID', (options) => arbFaults(options)],
  'arbHistory()': ['TIDINGS_STREAM_INVALID', (options) => arbHistory(fc.nat(), options)],
  'arbitraries of "made"': ['TIDINGS_TYPE_INVALID', (options) => arbDraft(eventType('made').of<null>(), options)],
  'listenerLaws()': ['TIDINGS_LISTENER_INVALID', (options) => listenerLaws(print, options)],
  'pipeLaws()': ['TIDINGS_LISTENER_INVALID', (options) => pipeLaws(print, options)],
  'logSuite()': ['TIDINGS_LOG_INVALID', (options) => logSuite(options)],
  'streamLaws()': ['TIDINGS_STREAM_INVALID', (options) => streamLaws(stream, options)],
  'arrival of streamLaws()': ['TIDINGS_STREAM_INVALID', (options) => streamLaws(stream, { arrival: options } as never)],
}

describe('the context of a run without a log', () => {
  for (const [whose, run] of [
    ['drafts()', (context: object) => drafts(idle, { context })],
    ['runOnce()', (context: object) => runOnce(idle, context)],
  ] as const) {
    it(`may have more than ${whose} needs, but no misspelt part`, () => {
      assert.throws(() => run({ fecth: nothing }), {
        code: 'TIDINGS_JOB_INVALID',
        message: `the options of the context of ${whose} have no "fecth"; did you mean "fetch"?`,
      })
      assert.throws(() => run([]), { code: 'TIDINGS_JOB_INVALID' })
      run({ asked: [], now: () => 0 })
    })
  }
})

describe('options', () => {
  for (const [whose, [code, give]] of Object.entries(takers)) {
    it(`of ${whose} are rejected when one of them is unknown`, async () => {
      for (const [options, words] of [
        [{ colour: 1 }, `the options of ${whose} have no "colour"; there are `],
        ['5s', `the options of ${whose} must be an object, got "5s"`],
        [[], `the options of ${whose} must be an object, got an empty array`],
      ] as const) {
        await assert.rejects(
          async () => give(options as never),
          (error: Error & { code?: string }) => error.code === code && error.message.startsWith(words),
        )
      }
    })
  }

  it('that are misspelt are reported with the most similar known one', async () => {
    const misspelt = () => listener('print', on('made'), nothing, { attemps: 3 } as never)
    assert.throws(misspelt, { message: 'the options of listener "print" have no "attemps"; did you mean "attempts"?' })
    await assert.rejects(memoryLog({ Identity: 'type' } as never), { message: /did you mean "identity"\?$/ })
  })

  it('may have undefined values, and no inherited names', () => {
    const known = { a: true } as const
    checkOptions({ a: 1, b: undefined } as { a: number }, known, 'TIDINGS_LOG_INVALID', 'of it')
    const inherited = { toString: 1 } as unknown as { a: number }
    assert.throws(() => checkOptions(inherited, known, 'TIDINGS_LOG_INVALID', 'of it'), { code: 'TIDINGS_LOG_INVALID' })
  })
})
