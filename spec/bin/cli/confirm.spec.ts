import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { confirm } from '../../../bin/cli/confirm.ts'

const stream = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY })

/** Asks on a terminal where this is typed; resolves to what could be read there. */
async function askWith(typed: string | undefined): Promise<string> {
  const [input, output] = [stream(true), stream(true)]
  if (typed === undefined) input.end()
  else input.write(typed)
  await confirm('3 events would be forgotten', undefined, { input, output })
  return String(output.read())
}

const nothing = { name: 'Failure', message: 'nothing was changed' }

describe('confirm', () => {
  it('asks on a terminal, and resolves on yes', async () => {
    assert.match(await askWith('y\n'), /^.*3 events would be forgotten\. Continue\? \[y\/N\] /)
    for (const yes of ['yes\n', 'Y\n', ' YES \n']) await askWith(yes)
  })

  it('rejects any other answer, or none', async () => {
    for (const no of ['n\n', '\n', 'yep\n', 'no yes\n', '\u0003', '\u0004']) await assert.rejects(askWith(no), nothing)
    await assert.rejects(askWith(undefined), nothing)
  })

  it('does not ask with --yes', async () => {
    const [input, output] = [stream(true), stream(true)]
    await confirm('all is lost', true, { input, output })
    assert.equal(output.read(), null)
  })

  it('needs --yes without a terminal', async () => {
    for (const [typed, shown] of [
      [false, true],
      [true, false],
      [false, false],
    ] as const) {
      const terminal = { input: stream(typed), output: stream(shown) }
      const error = { name: 'UsageError', message: 'all is lost: add --yes to confirm' }
      await assert.rejects(confirm('all is lost', undefined, terminal), error)
      assert.equal(terminal.output.read(), null)
    }
  })
})
