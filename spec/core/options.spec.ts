import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent } from '../../lib/agent/define/agent.ts'
import { start } from '../../lib/agent/start.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { checkOptions } from '../../lib/core/options.ts'
import { job } from '../../lib/job/job.ts'
import { memoryLog, openLog } from '../../lib/level/open-log.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { manual } from '../../lib/schedule/index.ts'

/** A function that takes options, and the code with which it rejects them. */
type Taker = readonly [code: string, given: (options: never) => unknown]

const nothing = (): void => undefined
const home = agent('home', [])

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
}

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
