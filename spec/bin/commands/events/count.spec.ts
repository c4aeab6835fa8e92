import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openLog } from '../../../../lib/index.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

async function place(t: TestContext): Promise<string> {
  const directory = temporaryDirectory(t)
  const log = await openLog(directory)
  const types = ['mail', 'github.push', 'github.push', 'github.star']
  await log.accept(types.map((type, i) => ({ type, identifier: `${i}`, data: { stars: i } })))
  await log.close()
  return directory
}

describe('events count --by', () => {
  it('prints a chart, one value a line, the most frequent first', async (t) => {
    const db = await place(t)
    const { code, stdout } = await command('events', 'count', '--by', 'type', '--db', db)
    assert.deepEqual([code, stdout], [0, 'github.push\t2\nmail\t1\ngithub.star\t1\n'])
    const some = await command('events', 'count', '--by', 'type', '--limit', '1', '--db', db)
    assert.equal(some.stdout, 'github.push\t2\n(2 others)\t2\n')
  })

  it('counts what a question selects', async (t) => {
    const db = await place(t)
    const where = await command('events', 'count', '--by', 'type', '--where', 'data.stars > 1', '--db', db)
    assert.equal(where.stdout, 'github.push\t1\ngithub.star\t1\n')
    const never = await command('events', 'count', '--by', 'day', '--type', 'nope', '--db', db)
    assert.deepEqual([never.code, never.stdout, never.stderr], [0, '', 'no events\n'])
  })

  it('prints JSON: values and counts', async (t) => {
    const db = await place(t)
    const { stdout } = await command('events', 'count', '--by', 'data.stars', '--json', '--limit', '2', '--db', db)
    assert.equal(stdout, '[{"key":0,"count":1},{"key":1,"count":1}]\n')
    const days = await command('events', 'count', '--by', 'day', '--json', '--db', db)
    assert.match(days.stdout, /^\[\{"key":"\d{4}-\d\d-\d\d","count":4\}\]\n$/)
  })

  it('refuses what it cannot count by, as a usage error', async (t) => {
    const db = await place(t)
    const wrong = await command('events', 'count', '--by', 'stars', '--db', db)
    assert.equal(wrong.code, 2)
    assert.match(
      wrong.stderr,
      /"by" must be hour, day, or a path of an event such as type, job or data\.repo\.name, got "stars"/,
    )
    const limit = await command('events', 'count', '--limit', '3', '--db', db)
    assert.deepEqual([limit.code, limit.stderr.split('\n')[0]], [2, 'tidings: --limit needs --by'])
  })
})
