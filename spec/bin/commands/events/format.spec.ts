import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openLog } from '../../../../lib/index.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

async function place(t: TestContext): Promise<string> {
  const directory = temporaryDirectory(t)
  const log = await openLog(directory)
  const recorded = { created: Date.parse('2026-05-01T12:00Z') }
  await log.accept(
    ['1', '2'].map((identifier) => ({ type: 'mail', identifier, data: { identifier } })),
    { recorded },
  )
  await log.close()
  return directory
}

describe('--format', () => {
  it('is the same for ls and export', async (t) => {
    const db = await place(t)
    for (const format of ['ndjson', 'json', 'csv', 'cloudevents']) {
      const [listed, exported] = [
        await command('events', 'ls', '--format', format, '--db', db),
        await command('events', 'export', '--format', format, '--db', db),
      ]
      assert.equal(listed.code, 0)
      assert.equal(listed.stdout, exported.stdout)
    }
    const json = await command('events', 'ls', '--format', 'json', '--where', 'identifier = "2"', '--db', db)
    assert.deepEqual(
      (JSON.parse(json.stdout) as { identifier: string }[]).map(({ identifier }) => identifier),
      ['2'],
    )
    const empty = await command('events', 'ls', '--format', 'json', '--type', 'nope', '--db', db)
    assert.equal(empty.stdout, '[]\n')
  })

  it('ndjson is what --json prints', async (t) => {
    const db = await place(t)
    const { stdout } = await command('events', 'ls', '--format', 'ndjson', '--db', db)
    assert.equal(stdout, (await command('events', 'ls', '--json', '--db', db)).stdout)
    const both = await command('events', 'ls', '--format', 'csv', '--json', '--db', db)
    assert.deepEqual(
      [both.code, both.stderr.split('\n')[0]],
      [2, 'tidings: --json is --format ndjson: give one of them'],
    )
  })

  it('is refused where it is unknown', async (t) => {
    const db = await place(t)
    const { code, stderr } = await command('events', 'export', '--format', 'xml', '--db', db)
    assert.equal(code, 2)
    assert.match(stderr, /--format must be one of ndjson, json, csv, cloudevents, got "xml"/)
  })

  it('is recognized by an import, which counts rows of a table', async (t) => {
    const db = await place(t)
    for (const format of ['json', 'csv', 'cloudevents']) {
      const file = `${temporaryDirectory(t)}/events`
      await command('events', 'export', '--format', format, '--to', file, '--db', db)
      const into = temporaryDirectory(t)
      const first = await command('events', 'import', file, '--db', into)
      assert.equal(first.stdout, '2 events imported, delivered to no listener: 2 new, 0 changed, 0 already known\n')
      const second = await command('events', 'import', file, '--db', into)
      assert.match(second.stdout, /0 new, 0 changed, 2 already known/)
      const shown = await command('events', 'export', '--db', into)
      assert.equal(shown.stdout, (await command('events', 'export', '--db', db)).stdout)
    }
  })
})
