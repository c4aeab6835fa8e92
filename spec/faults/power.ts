import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { decode, encode } from '../../lib/level/format/records.ts'
import { openLog } from '../../lib/level/open-log.ts'
import type { Mark } from '../../lib/level/store/marker-file.ts'
import { list } from '../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type Moment, saidBy, story } from './power-story.ts'
import { type Result, shown } from './results.ts'

/** The content of unsynced bytes: nothing, zeros, or garbage. */
const tails = ['nothing', 'zeros', 'anything'] as const

/**
 * - `at`: the moment after which the power fails, from the first (0) to the last (1)
 * - `cut`: how much of the next writes reached LevelDB's log file (0 to 1)
 * - `tail`: what follows there
 * - `isMarkNew`: whether MARK was written after everything acknowledged
 */
// Not a double: most doubles are close to 0.
const part = fc.nat(100_000).map((n) => n / 100_000)
const cuts = fc.record({
  at: part,
  cut: part,
  tail: fc.constantFrom(...tails),
  isMarkNew: fc.boolean(),
})
type Cut = typeof cuts extends fc.Arbitrary<infer T> ? T : never

/** Cuts the power `rounds` times, for a synced log and for one that is not synced. */
export function powerSuite(rounds: number, tier: Result['tier']): void {
  describe(`a log after ${rounds} power cuts`, () => {
    const words: string[] = []

    it('has every acknowledged event if it is synced', async (t) => {
      const counts = await cutAll(t, rounds, 'disk')
      words.push(`synced: ${counts.kept} acknowledged events, 0 lost, never refused`)
    })

    it('has lost at most the newest events if it is not synced, and is as it was at one moment', async (t) => {
      const counts = await cutAll(t, rounds, 'relaxed')
      words.push(`relaxed: ${counts.lost} of ${counts.kept + counts.lost} events lost, always the newest`)
      const result = `${words.join('; ')}; listeners are where they were at one commit`
      t.diagnostic(result)
      shown({ row: 'power', tier, rounds: `${rounds} × 2`, result })
    })
  })
}

async function cutAll(t: TestContext, rounds: number, durability: 'disk' | 'relaxed') {
  const folder = temporaryDirectory(t)
  const moments = await story(join(folder, 'log'), durability)
  const whole = await lookAt(folder, moments.at(-1)?.files as Moment['files'])
  const said: string[] = []
  const marks: Mark[] = []
  for (const { files, told, cursor } of moments) {
    const there = await lookAt(folder, files)
    assertTold(there.events, told)
    assert(there.said.includes(`"cursor":${cursor},`), there.said)
    said.push(there.said)
    marks.push(there.mark)
  }
  const counts = { kept: 0, lost: 0 }
  await fc.assert(
    fc.asyncProperty(cuts, async (cut) => {
      const index = Math.floor(cut.at * (moments.length - 1.001))
      const [now, next] = moments.slice(index, index + 2) as [Moment, Moment]
      const isSynced = durability === 'disk'
      const there = await lookAt(folder, isSynced ? after(now, next, cut, marks[index] as Mark) : anywhere(next, cut))
      // Only the newest events are missing, and the rest is as it was written.
      assert.deepEqual(there.events, whole.events.slice(0, there.events.length))
      if (isSynced) assertTold(there.events, now.told)
      const possible = isSynced ? said.slice(index, index + 2) : said.slice(0, index + 2)
      assert(possible.includes(there.said), `${there.said}\nis none of\n${[...new Set(possible)].join('\n')}`)
      counts.kept += isSynced ? now.told.size : there.events.length
      counts.lost += next.told.size - there.events.length
    }),
    { numRuns: rounds },
  )
  return counts
}

const logFile = (files: Moment['files']): string => {
  const name = [...files.keys()]
    .filter((each) => each.endsWith('.log'))
    .toSorted()
    .at(-1)
  assert(name !== undefined)
  return name
}

// Everything from that moment is present, and perhaps some of the next writes.
function after(now: Moment, next: Moment, { cut, tail, isMarkNew }: Cut, { seq, quiet }: Mark): Moment['files'] {
  const name = logFile(next.files)
  const written = next.files.get(name) as Buffer
  const synced = (now.files.get(name) as Buffer).length
  const files = new Map(now.files).set(
    name,
    cutOff(written, synced + Math.round(cut * (written.length - synced)), tail),
  )
  if (!isMarkNew) return files
  const old = decode<Mark>('MARK', String(now.files.get('MARK')))
  const mark: Mark = { ...old, seq, ...(quiet === undefined ? {} : { quiet }) }
  return files.set('MARK', Buffer.from(encode('MARK', mark)))
}

function anywhere({ files }: Moment, { cut, tail }: Cut): Moment['files'] {
  const name = logFile(files)
  const written = files.get(name) as Buffer
  return new Map(files).set(name, cutOff(written, Math.round(cut * written.length), tail))
}

function cutOff(written: Buffer, length: number, tail: Cut['tail']): Buffer {
  const bytes = Buffer.from(tail === 'nothing' ? written.subarray(0, length) : written)
  if (tail === 'zeros') bytes.fill(0, length)
  if (tail === 'anything') randomFillSync(bytes, length)
  return bytes
}

/** The content of a log with these files, which must be sound, and the MARK that it leaves. */
async function lookAt(folder: string, files: Moment['files']) {
  const directory = join(folder, 'copy')
  mkdirSync(directory)
  try {
    for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes)
    const { events, said } = await ask(directory)
    return { events, said, mark: decode<Mark>('MARK', readFileSync(join(directory, 'MARK'), 'utf8')) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function ask(directory: string) {
  const log = await openLog(directory, { warn: assert.fail })
  try {
    assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    return { events: (await list(log.events())).map((event) => JSON.stringify(event)), said: await saidBy(log) }
  } finally {
    await log.close()
  }
}

function assertTold(events: readonly string[], told: Moment['told']): void {
  for (const [identifier, seq] of told) {
    assert.equal((JSON.parse(events[seq - 1] ?? '{}') as { identifier?: string }).identifier, identifier)
  }
}
