import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog, start } from 'tidings'
import { virtualClock } from 'tidings/testing'
import hello from '../agents/hello.ts'

test('tells each minute once', async () => {
  const clock = virtualClock(new Date('2026-01-01T12:00:00Z'))
  const log = await memoryLog({ clock })
  const running = await start(hello, { log, clock, logger: false })
  // Two and a half minutes pass at once.
  await clock.advance(150_000)
  await running.stop()

  const told: string[] = []
  for await (const { identifier } of log.events()) told.push(identifier)
  assert.deepEqual(told, ['2026-01-01T12:00', '2026-01-01T12:01', '2026-01-01T12:02'])
})
