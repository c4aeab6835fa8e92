// Writes a log with records of every kind, once for each rule of identity, with the present code, and stores all
// its records in spec/level/formats. Run it before the format changes: node --import tsx THIS_FILE
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineDraft } from '../../../lib/core/engine-types.ts'
import { type LevelLog, type LogOptions, openLog, TidingsError } from '../../../lib/index.ts'
import { FORMAT } from '../../../lib/level/format/records.ts'
import { take } from '../../../lib/testing/log-bench.ts'
import { type VirtualClock, virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { askAll, fixtures, recordsIn } from '../formats.ts'

const plain = (identifier: string, data: unknown = { n: 1 }) => ({ type: 'plain', identifier, data })
const versioned = (version: string) => ({ type: 'versioned', identifier: 'changing', data: { version }, version })

// A fixture must not contain the path of this file.
Error.stackTraceLimit = 0
for (const identity of ['type', 'identifier'] as const) await write(identity)

async function write(identity: Exclude<LogOptions['identity'], undefined>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'tidings-format-'))
  const clock = virtualClock()
  const first = await openLog(join(root, '1'), { identity, clock })
  await publish(first, clock)
  await remember(first)
  await hear(first, clock)
  await crash(first, join(root, '1'), join(root, '2'))
  // One of the events in flight is handed out alone now, and the process dies again.
  const second = await openLog(join(root, '2'), { clock })
  await take(await second.consumer('crashed', { start: 'start', types: ['plain'] }), 1)
  const said = await askAll(second)
  await crash(second, join(root, '2'), join(root, '3'))
  const fixture = {
    mark: await readFile(join(root, '3/MARK'), 'utf8'),
    records: await recordsIn(join(root, '3')),
    said,
  }
  await writeFile(join(fixtures, `${FORMAT}-${identity}.json`), `${JSON.stringify(fixture, null, 2)}\n`, { flag: 'wx' })
  await rm(root, { recursive: true })
}

async function publish(log: LevelLog, clock: VirtualClock): Promise<void> {
  await log.accept([plain('1'), plain('2')], { job: 'job', run: 'run 1' })
  await clock.advance(1000)
  await log.accept([plain('caused', [null, true, 1.5, 'text', { deep: { deeper: [] } }])], { cause: 1 })
  await log.accept([plain('untold')], { told: false })
  for (const version of ['A', 'B', 'A']) await log.accept([versioned(version)], { job: 'job', run: 'run 2' })
  await log.accept([{ type: 'schemed', identifier: 'x', data: 5, transformed: true }])
  const odd = 'a\0b\x01c!:ü\u{1f600}\u2028'
  await log.accept([{ type: odd, identifier: odd, data: JSON.parse('{"__proto__":{"a":1},"":"\\u0000"}') }])
  await log.accept([engineDraft('tidings.job.failed', 'job 1', { job: 'job' })])
  await log.accept([plain('forgotten'), plain('forgotten and told again')])
  await log.forget('plain', 'forgotten')
  await log.forget('plain', 'forgotten and told again')
  await log.accept([plain('forgotten and told again', { n: 2 })])
}

async function remember(log: LevelLog): Promise<void> {
  await log.accept([plain('with state')], { state: [{ namespace: 'job/job', key: 'etag', value: '"abc"' }] })
  await log.store('tidings/jobs').set('job', { anchor: 1000, slot: 5000, succeeded: true })
  await log.store('tidings/paused-listeners').set('moved', { since: 1 })
  for (const value of [1, { two: 2 }]) await log.store('n').set('k', value)
  await (await log.claim('job', new Date(5000), 1000))?.done({ new: 2 })
  await log.claim('job', new Date(6000), 60_000)
}

async function hear(log: LevelLog, clock: VirtualClock): Promise<void> {
  const listener = await log.consumer('listener', { start: 'start' })
  const [a, b, c, , e] = await take(listener, 5)
  if (!(a && b && c && e)) throw new Error('too few events')
  listener.ack(a)
  listener.retry(b, { at: clock.now() + 60_000, error: new TidingsError('TIDINGS_RUN_TIMEOUT', 'too slow') })
  listener.park(c, { error: new Error('no luck') })
  // The event before it is still being handled, so this one is settled beyond the cursor.
  listener.ack(e)
  await listener.flush()
  const before = await log.consumer('moved', { start: 'now' })
  await before.redeliver([1, 2])
  const moved = await log.consumer('moved', { start: 6, move: true })
  await moved.flush()
  const crashed = await log.consumer('crashed', { start: 'start', types: ['plain'] })
  await take(crashed, 3)
}

/** A dead process leaves what is on disk. */
async function crash(log: LevelLog, from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true })
  await log.close()
}
