import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { keys } from '../../lib/level/format/keys.ts'
import { decode, encode, FORMAT, type Meta } from '../../lib/level/format/records.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { readFixture, recordsIn, unpack } from '../level/formats.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { compiled } from './compiled.ts'
import { type Result, shown } from './results.ts'

/** Number of deaths of one log before its upgrade may end. */
const LIVES = 5

/** Kills a process `rounds` times while it upgrades a log of an invented older format. */
export function upgradeSuite(rounds: number, tier: Result['tier']): void {
  const program = compiled()
  describe(`a process killed ${rounds} times while it upgrades its log`, () => {
    it('leaves a log that the next one upgrades to exactly what the new format would have written', async (t) => {
      const path = await program(import.meta.resolve('./programs/upgraded.ts'))
      let deaths = 0
      for (let first = 0; first < rounds; first += LIVES) deaths += await upgraded(t, path, first)
      assert.ok(deaths >= rounds, `${deaths} deaths`)
      shown({
        row: 'upgrade',
        tier,
        rounds: `${deaths} deaths`,
        result: 'each log is that of the newer format, record by record, and verified',
      })
    })
  })
}

async function upgraded(t: TestContext, program: string, seed: number): Promise<number> {
  const directory = join(temporaryDirectory(t), 'log')
  const fixture = readFixture(`${FORMAT}-type`)
  const meta = { ...decode<Meta>(keys.meta, fixture.records[keys.meta] as string), format: FORMAT - 1 }
  const older = Object.entries({ ...fixture.records, [keys.meta]: encode(keys.meta, meta) })
  await unpack({ ...fixture, records: Object.fromEntries(older.filter(([key]) => !key.startsWith('t'))) }, directory)
  let deaths = 0
  for (let life = 0; life < LIVES; life++) {
    // The last death is at the end of the step.
    const nth = life === LIVES - 1 ? 1 : 1 + ((seed + life) % 3)
    if ((await run(program, directory, nth)) === 'SIGKILL') deaths += 1
    assert.equal((await metaOf(directory)).format, FORMAT - 1)
  }
  assert.equal(await run(program, directory, 0), null)
  assert.deepEqual(await recordsIn(directory), fixture.records)
  const log = await openLog(directory, { warn: assert.fail })
  assert.deepEqual(await log.verify(), { ok: true, problems: [] })
  await log.close()
  return deaths
}

async function metaOf(directory: string): Promise<Meta> {
  const db = new ClassicLevel(directory)
  try {
    return decode<Meta>(keys.meta, (await db.get(keys.meta)) as string)
  } finally {
    await db.close()
  }
}

function run(program: string, directory: string, nth: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [program, directory, String(nth)], { stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
}
