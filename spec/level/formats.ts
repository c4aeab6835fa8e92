import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import type { LevelLog, StoredEvent } from '../../lib/index.ts'
import { keys, seqOf, textsOf } from '../../lib/level/format/keys.ts'
import { decodeFacts } from '../../lib/level/format/records.ts'
import { recordsIn as segmentRecords } from '../../lib/level/format/segments.ts'
import { list } from '../../lib/testing/log-bench.ts'

/** The namespaces of state that a fixture has. */
const NAMESPACES = ['tidings/jobs', 'tidings/paused-listeners', 'job/job', 'n']

/** The answers of a log about its contents. */
export interface Said {
  readonly id: string
  readonly events: readonly StoredEvent[]
  readonly consumers: readonly unknown[]
  readonly state: Readonly<Record<string, readonly unknown[]>>
}

/**
 * A log as a version of this code wrote it: the MARK file, every record of its store, and its answers at that time.
 * Written once by `programs/write-format.ts`, and never again.
 */
export interface Fixture {
  readonly mark: string
  readonly records: Readonly<Record<string, string>>
  readonly said: Said
}

/** The folder and the names of the fixtures. */
export const fixtures = join(import.meta.dirname, 'formats')
export const names = readdirSync(fixtures).map((name) => name.replace('.json', ''))

export function readFixture(name: string): Fixture {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8')) as Fixture
}

/** Makes a log in a folder out of a fixture. */
export async function unpack({ mark, records }: Fixture, directory: string): Promise<void> {
  mkdirSync(directory)
  writeFileSync(join(directory, 'MARK'), mark)
  const db = new ClassicLevel(directory)
  await db.batch(Object.entries(records).map(([key, value]) => ({ type: 'put', key, value })))
  await db.close()
}

/** Returns all records of a store that is not open. */
export async function recordsIn(directory: string): Promise<Record<string, string>> {
  const db = new ClassicLevel(directory)
  const records = await db.iterator().all()
  await db.close()
  return Object.fromEntries(records)
}

/** The same records, with a segment for each event, as a repair writes them. */
export function eachAlone(records: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(records).flatMap(([key, text]): [string, string][] => {
    if (key.startsWith('e')) return segmentRecords(key, text).map(([seq, record]) => [keys.event(seq), record])
    if (!key.startsWith('t')) return [[key, text]]
    const [type = ''] = textsOf(key)
    const start = keys.event(seqOf(key))
    const facts = segmentRecords(start, records[start] as string).map((record) => decodeFacts(...record))
    return facts.filter((each) => each.type === type).map(({ seq }) => [keys.type(type, seq), ''])
  })
  return Object.fromEntries(entries)
}

export async function askAll(log: LevelLog): Promise<Said> {
  const state: Record<string, readonly unknown[]> = {}
  for (const namespace of NAMESPACES) state[namespace] = await list(log.store(namespace).list())
  const consumers = (await list(log.consumers())).map(({ lag: _, ...consumer }) => consumer)
  return { id: log.id, events: await list(log.events()), consumers, state }
}
