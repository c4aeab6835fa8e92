import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClassicLevel } from 'classic-level'
import { openLog } from '../../lib/level/open-log.ts'
import { list } from '../../lib/testing/log-bench.ts'
import { compiled } from './compiled.ts'
import { type Place, place } from './place.ts'
import { type Mortal, run } from './process.ts'
import { type Result, shown } from './results.ts'
import { limitedFiles, type SmallDisk, smallDisk } from './small-disk.ts'

/** Number of events published when there is room again. */
const LATER = 300

/** How long the disk stays full after the first refusal, in ms. */
const FULL = 300

const ends = ['kill -9', 'a clean close'] as const
type End = (typeof ends)[number]

/** Fills the disk of an agent, makes room, and examines the log; `rounds` lives for each way to end. */
export function diskSuite(rounds: number, tier: Result['tier']): void {
  const program = compiled()
  describe(`a full disk, ${rounds} times before each end`, () => {
    it('loses no acknowledged event and no later one', async (t) => {
      const filled = await program(import.meta.resolve('./programs/filled.ts'))
      const naive = await program(import.meta.resolve('./programs/naive.ts'))
      const counts = { refused: 0, told: 0 }
      const lost: string[] = []
      let kind = ''
      const lives = async (end: End): Promise<void> => {
        const disk = smallDisk(t)
        kind = disk.kind
        const where = { ...place(t), directory: join(disk.directory, 'log') }
        for (let life = 0; life < rounds; life++) {
          await fillAndFree(filled, disk, where, life, end)
          await look(where)
          assert.equal(later(where, life), LATER)
        }
        counts.told += where.lines('told').length
        counts.refused += where.lines('refused').length
        await rm(where.directory, { recursive: true })
        lost.push(`${await control(t, naive, disk, end)} after ${end}`)
      }
      await Promise.all(ends.map(lives))
      const result = `${kind}: ${counts.refused} accepts refused, the status says why; ${counts.told} acknowledged, 0 lost; ${LATER} of ${LATER} later ones kept each time, and heard; lost without the engine: ${lost.join(', ')}`
      t.diagnostic(result)
      shown({ row: 'disk', tier, rounds: `${rounds} × ${ends.join(', ')}`, result })
    })

    it('does the same with a limit on each file in place of a small disk', async (t) => {
      const filled = await program(import.meta.resolve('./programs/filled.ts'))
      const where = place(t)
      await fillAndFree(filled, limitedFiles(where.directory), where, 0, 'kill -9')
      await look(where)
      assert.equal(later(where, 0), LATER)
    })
  })
}

// One life: the disk fills up, stays full for a while after the first refusal, and gets room again.
async function fillAndFree(path: string, disk: SmallDisk, where: Place, life: number, end: End): Promise<void> {
  const { directory, diary } = where
  const before = where.lines('refused').length
  const mortal = run(path, { directory, diary, life, last: end === 'a clean close' })
  await mortal.open
  disk.fill(mortal.child.pid as number)
  await untilRefused(mortal, where, before)
  await sleep(FULL)
  disk.free(mortal.child.pid as number)
  writeFileSync(`${diary}-room-${life}`, '')
  const { code, signal, stderr } = await mortal.ended
  assert.deepEqual([code, signal], end === 'kill -9' ? [null, 'SIGKILL'] : [0, null], stderr)
  assert.equal(where.lines('went on').length, life + 1, stderr)
}

async function untilRefused({ child, ended }: Mortal, where: Place, before: number): Promise<void> {
  while (where.lines('refused').length === before) {
    if (child.exitCode !== null || child.signalCode !== null) assert.fail((await ended).stderr)
    await sleep(10)
  }
}

async function look(where: Place): Promise<void> {
  const last = where.lines('refused').at(-1)
  assert.deepEqual([where.lines('lost'), where.lines('problem')], [[], []], `the last that was refused: ${last}`)
  assert.match(where.lines('listeners').at(-1) as string, /^hears \d 0$/)
  // A copy: the examined files must not change.
  const copy = `${where.diary}-copy`
  await cp(where.directory, copy, { recursive: true })
  const log = await openLog(copy, { warn: () => undefined })
  try {
    assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    const events = new Map(
      (await list(log.events())).map(({ seq, type, identifier }) => [seq, `${type} ${identifier}`]),
    )
    for (const line of where.lines('told')) {
      const [, identifier, seq] = /^(.*) (?:new|duplicate) (\d+)$/.exec(line) as unknown as [string, string, string]
      assert.equal(events.get(Number(seq)), `made ${identifier}`, `${identifier} is lost`)
    }
    // Every delivered event is in the log.
    for (const line of where.lines('handled')) {
      const [seq, ...words] = line.split(' ')
      assert.equal(events.get(Number(seq)), words.join(' '), `event ${seq} was told, and is not there`)
    }
    for (const { key, value } of await list(log.store('listener/hears').list())) assert.equal(value, 1, key)
  } finally {
    await log.close()
    await rm(copy, { recursive: true })
  }
  const said = new Set(where.lines('refused').map((line) => line.replace(/^[^a-z]*[a-z]+ [\d ]+/, '')))
  assert(
    [...said].some((words) => words.startsWith('failed the log has failed')),
    [...said].join('\n'),
  )
}

function later({ lines }: Place, life: number): number {
  return lines('told', String(life), 'later').filter((line) => line.includes(' new ')).length
}

// Proves that the test can fail: how many of the events that LevelDB alone acknowledged are gone.
async function control(t: TestContext, path: string, disk: SmallDisk, end: End): Promise<string> {
  const where = { ...place(t), directory: join(disk.directory, 'naive') }
  const mortal = run(path, { ...where, life: 0, last: end === 'a clean close' })
  await mortal.open
  disk.fill(mortal.child.pid as number)
  writeFileSync(`${where.diary}-full-0`, '')
  await untilRefused(mortal, where, 0)
  disk.free(mortal.child.pid as number)
  writeFileSync(`${where.diary}-room-0`, '')
  await mortal.ended
  const told = where.lines('told')
  const db = new ClassicLevel(where.directory)
  const kept = new Set(await db.keys().all())
  await db.close()
  return `${told.filter((n) => !kept.has(`later ${n}`)).length} of ${told.length}`
}
