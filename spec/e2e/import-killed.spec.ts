import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openLog } from '../../lib/index.ts'
import { command } from '../support/command.ts'
import { until } from '../support/until.ts'
import { start, userFolder } from './program.ts'

const EVENTS = 6000

/** Enough events on disk that the import is in the middle. */
const BYTES = 300_000

describe('an import', () => {
  for (const format of ['ndjson', 'json', 'csv', 'cloudevents']) {
    it(`of ${format} that is killed half way and repeated adds the rest once`, async (t) => {
      const folder = userFolder(t)
      const source = join(folder, 'source')
      const log = await openLog(source)
      const data = { text: 'x'.repeat(80) }
      await log.accept(Array.from({ length: EVENTS }, (_, i) => ({ type: `t${i % 3}`, identifier: `${i}`, data })))
      await log.close()
      const file = join(folder, 'events')
      assert.equal((await command('events', 'export', '--format', format, '--to', file, '--db', source)).code, 0)

      // A pipe that ends early would end the import, so this one stays open until the kill.
      const pipe = join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
      const copy = join(folder, 'copy')
      const importing = start(t, folder, 'tidings', ['events', 'import', pipe, '--db', copy])
      const whole = readFileSync(file)
      const half = createWriteStream(pipe).on('error', () => undefined)
      half.write(whole.subarray(0, whole.length / 2))
      await until(() => bytesIn(copy) > BYTES, 'half of the events on disk')
      assert.equal((await importing.signal('SIGKILL')).code, null)
      half.destroy()

      const again = await command('events', 'import', file, '--db', copy, '--json')
      const counts = JSON.parse(again.stdout) as { events: number; new: number; duplicate: number }
      assert.equal(counts.events, EVENTS)
      assert.ok(counts.duplicate > 0 && counts.new > 0, again.stdout)
      assert.equal(counts.duplicate + counts.new, EVENTS)
      const exported = await command('events', 'export', '--db', copy)
      assert.equal(exported.stdout, (await command('events', 'export', '--db', source)).stdout)
    })
  }
})

function bytesIn(folder: string): number {
  try {
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  } catch {
    return 0
  }
}
