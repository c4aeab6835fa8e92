import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { guardLogger, isLogger, type Logger, silentLogger, withFields } from '../../lib/core/logger.ts'
import { unhandled } from '../support/agent-harness.ts'

/** Counts the lines that a test writes to standard error. */
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

describe('guardLogger', () => {
  it('passes every line to the logger', () => {
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

  it('accepts whatever the logger accepts: a message alone, and values for it', () => {
    const lines: unknown[] = []
    const logger = guardLogger(all((...said: readonly unknown[]) => lines.push(said)))
    const say = logger.info as (...said: readonly unknown[]) => void
    say('only words')
    say({ a: 1 }, 'words with %s', 'a value')
    assert.deepEqual(lines, [['only words'], [{ a: 1 }, 'words with %s', 'a value']])
  })

  it('keeps the other properties of the logger', () => {
    const logger = { ...silentLogger, child: () => 'child' }
    assert.equal((guardLogger(logger) as typeof logger).child(), 'child')
  })

  it('supports children, as pino creates them: they log with their own bindings', () => {
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

  it('does not throw when the logger throws', (t) => {
    const told = complaints(t)
    const logger = guardLogger(all(() => assert.fail('full')))
    logger.warn({}, 'one')
    logger.warn({}, 'two')
    assert.equal(told(), 1)
  })

  it('leaves no unhandled rejection', async (t) => {
    const told = complaints(t)
    const logger = guardLogger(all(async () => assert.fail('full')))
    const seen = await unhandled(async () => logger.error({}, 'one'))
    assert.deepEqual([seen, told()], [[], 1])
  })
})

describe('withFields', () => {
  it('adds fields to lines of every form, and of children, while there are any', () => {
    const lines: unknown[] = []
    let fields: object | undefined = { agent: 'a' }
    const logger = withFields(Object.freeze(all((...said: readonly unknown[]) => lines.push(said))), () => fields)
    const say = logger.info as (...said: readonly unknown[]) => void
    const error = new Error('no')
    say({ n: 1 }, 'words')
    say({ agent: 'its own' }, 'words')
    say('words')
    say(error)
    fields = undefined
    say('words')
    assert.deepEqual(lines, [
      [{ agent: 'a', n: 1 }, 'words'],
      [{ agent: 'its own' }, 'words'],
      [{ agent: 'a' }, 'words'],
      [{ agent: 'a', err: error }, 'no'],
      ['words'],
    ])
  })

  it('leaves the bindings of a child, as pino creates them', () => {
    const lines: unknown[] = []
    const logger = {
      ...silentLogger,
      of: 'nobody',
      info(this: { of: string }, fields: object) {
        lines.push([this.of, fields])
      },
    }
    const guarded = guardLogger(withFields(logger, () => ({ agent: 'a' })))
    const child = Object.assign(Object.create(guarded) as typeof logger, { of: 'somebody' })
    child.info({ n: 1 })
    guarded.info({ n: 2 })
    assert.deepEqual(lines, [
      ['somebody', { agent: 'a', n: 1 }],
      ['nobody', { agent: 'a', n: 2 }],
    ])
  })
})

describe('isLogger', () => {
  it('requires the four methods of a logger', () => {
    assert.ok(isLogger(silentLogger))
    assert.ok(isLogger(console))
    for (const none of [undefined, null, true, {}, { ...silentLogger, warn: 'x' }]) assert.ok(!isLogger(none))
  })
})
