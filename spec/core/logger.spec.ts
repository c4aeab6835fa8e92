import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { guardLogger, isLogger, type Logger, silentLogger } from '../../lib/core/logger.ts'
import { unhandled } from '../support/agent-harness.ts'

/** How often standard error was told something in this test. */
function complaints(t: TestContext): () => number {
  const { mock } = t.mock.method(console, 'error', () => undefined)
  return () => mock.callCount()
}

const all = (say: (...said: readonly unknown[]) => unknown): Logger => ({
  debug: say,
  info: say,
  warn: say,
  error: say,
})

describe('a guarded logger', () => {
  it('says what it is told, to the logger that it guards', () => {
    class Remembers implements Logger {
      readonly #lines: unknown[] = []
      readonly lines = (): unknown[] => this.#lines
      debug(fields: object, words: string): void {
        this.#lines.push([fields, words])
      }
      info = this.debug
      warn = this.debug
      error = this.debug
    }
    const logger = Object.freeze(new Remembers())
    guardLogger(logger).info({ job: 'make' }, 'running job')
    guardLogger(logger).debug({}, 'more')
    assert.deepEqual(logger.lines(), [
      [{ job: 'make' }, 'running job'],
      [{}, 'more'],
    ])
  })

  it('takes whatever the logger takes: words alone, and values for them', () => {
    const lines: unknown[] = []
    const logger = guardLogger(all((...said: readonly unknown[]) => lines.push(said)))
    const say = logger.info as (...said: readonly unknown[]) => void
    say('only words')
    say({ a: 1 }, 'words with %s', 'a value')
    assert.deepEqual(lines, [['only words'], [{ a: 1 }, 'words with %s', 'a value']])
  })

  it('has whatever else the logger has', () => {
    const logger = { ...silentLogger, child: () => 'child' }
    assert.equal((guardLogger(logger) as typeof logger).child(), 'child')
  })

  it('may have children, as pino makes them: they say what they say as themselves', () => {
    const lines: unknown[] = []
    const logger = {
      ...silentLogger,
      of: 'nobody',
      info(this: { of: string }, fields: object) {
        lines.push([this.of, fields])
      },
    }
    const child = Object.assign(Object.create(guardLogger(logger)) as typeof logger, { of: 'somebody' })
    child.info({ a: 1 })
    guardLogger(logger).info({ a: 2 }, '')
    const { info } = guardLogger(logger)
    info({ a: 3 }, '')
    child.info = () => lines.push('its own')
    child.info({})
    assert.deepEqual(lines, [['somebody', { a: 1 }], ['nobody', { a: 2 }], ['nobody', { a: 3 }], 'its own'])
  })

  it('does not throw what the logger throws', (t) => {
    const told = complaints(t)
    const logger = guardLogger(all(() => assert.fail('full')))
    logger.warn({}, 'one')
    logger.warn({}, 'two')
    assert.equal(told(), 1)
  })

  it('leaves no rejection behind', async (t) => {
    const told = complaints(t)
    const logger = guardLogger(all(async () => assert.fail('full')))
    const seen = await unhandled(async () => logger.error({}, 'one'))
    assert.deepEqual([seen, told()], [[], 1])
  })
})

describe('a logger', () => {
  it('has the four ways to be told something', () => {
    assert.ok(isLogger(silentLogger))
    assert.ok(isLogger(console))
    for (const none of [undefined, null, true, {}, { ...silentLogger, warn: 'x' }]) assert.ok(!isLogger(none))
  })
})
