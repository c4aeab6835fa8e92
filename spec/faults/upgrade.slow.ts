import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClassicLevel } from 'classic-level'
import { keys } from '../../lib/level/format/keys.ts'
import { encode, encodeEvent, encodeIdentity, type Head, type Meta } from '../../lib/level/format/records.ts'
import { openLog } from '../../lib/level/open-log.ts'
import type { Mark } from '../../lib/level/store/marker-file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { compiled } from './compiled.ts'
import { upgradeSuite } from './upgrade.ts'

upgradeSuite(100, 'slow')

const EVENTS = 1_000_000
const LIVES = 20
/** How many more there may be on a busy machine, until enough was accepted. */
const MORE_LIVES = 40

const nth = (seq: number) => ({ seq, type: `type ${seq % 7}`, identifier: `old ${seq}`, data: { seq }, created: seq })

/** Makes a log as the first version wrote it: three records an event. */
async function ofFormat1(directory: string): Promise<void> {
  mkdirSync(directory)
  const meta: Meta = { format: 1, id: 'b2f8d2a0-45ad-4c4b-9c0f-2d8f3a8f6f10', identity: 'type', created: 0 }
  const mark: Mark = { id: meta.id, format: 1, seq: EVENTS, opened: EVENTS }
  writeFileSync(join(directory, 'MARK'), encode('MARK', mark))
  const db = new ClassicLevel(directory)
  await db.put(keys.meta, encode(keys.meta, meta))
  await db.put(keys.head, encode<Head>(keys.head, [EVENTS, EVENTS, 1]))
  for (let from = 1; from <= EVENTS; from += 1000) {
    const batch = db.batch()
    for (let seq = from; seq < from + 1000; seq++) {
      const event = nth(seq)
      const identity = keys.identity(event.type, event.identifier)
      batch.put(keys.event(seq), encodeEvent(event, JSON.stringify(event.data), undefined, true))
      batch.put(identity, encodeIdentity(identity, [seq]))
      batch.put(keys.type(event.type, seq), '')
    }
    await batch.write()
  }
  await db.close()
}

describe(`a log of format 1 with ${EVENTS} events`, () => {
  const program = compiled()

  it(`loses nothing, however often its process is killed as it opens, prunes and continues it`, async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    await ofFormat1(directory)
    const path = await program(import.meta.resolve('./programs/continued.ts'))
    const accepted: string[] = []
    const isOver = (lives: number): boolean => lives >= LIVES + (accepted.length > 100 ? 0 : MORE_LIVES)
    for (let life = 0; !isOver(life); life++) {
      const child = spawn(process.execPath, [path, directory, `${life}`], { stdio: ['ignore', 'pipe', 'inherit'] })
      child.stdout.on('data', (data: Buffer) => accepted.push(...`${data}`.split('\n').filter(Boolean)))
      const ended = new Promise<unknown>((resolve) => child.on('close', (_, signal) => resolve(signal)))
      // From before the upgrade to some prunes after it.
      await sleep(life * 150)
      child.kill('SIGKILL')
      assert.equal(await ended, 'SIGKILL')
    }
    assert(accepted.length > 100, `${accepted.length} were accepted`)
    await using log = await openLog(directory, { warn: assert.fail })
    assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    const { first, last } = (await log.stats()).events
    assert(first > 1 && last >= EVENTS + accepted.length)
    let seq = first
    for await (const event of log.events()) {
      assert.equal(event.seq, seq)
      if (seq <= EVENTS) assert.deepEqual(event, nth(seq))
      seq += 1
    }
    const again = [
      ...accepted.map((identifier) => ({ type: 'later', identifier, data: 0 })),
      ...Array.from({ length: 1000 }, (_, i) => nth(i * 997 + 1)).map(({ type, identifier, data }) => ({
        type,
        identifier,
        data,
      })),
    ]
    const statuses = new Set((await log.accept(again)).map(({ status }) => status))
    assert.deepEqual([...statuses], ['duplicate'])
  })
})
