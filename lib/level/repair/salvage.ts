import type { Progress } from '../../log/upkeep.ts'
import { KIND, keys, kindOf, kinds, type RecordKind, seqOf, startingWith } from '../format/keys.ts'
import { decode, decodeEvent, type Meta } from '../format/records.ts'
import { latestEnd, recordsIn } from '../format/segments.ts'
import { checkFiles, EVERY_BLOCK } from '../store/check-files.ts'
import { type Database, levelDatabase, PAGE, READ_AHEAD, repairStore } from '../store/database.ts'
import { refuseNewer, upgrade } from '../store/upgrade.ts'

/** The result of salvaging a damaged store. */
export interface Salvaged {
  /** The number of sound records. */
  readonly sound: number
  /** The keys of damaged records, by kind. */
  readonly spoilt: ReadonlyMap<RecordKind, ReadonlySet<string>>
  /** Every part of the store could be read. */
  readonly whole: boolean
}

/**
 * Copies every sound record of a damaged store to a fresh one, each event to a segment of its own. Leaves out the type
 * index, which follows from the events, and the records of eventless commits, which would make the open of a repaired log
 * fail. Lets LevelDB repair what it can't read, then reads again; so the store must be a copy.
 *
 * @param options `harder`: repair before reading, because the process died when it read the store as it is; `all`: an
 *   estimate of the number of records
 * @throws TidingsError `TIDINGS_LOG_FORMAT` (a newer version wrote the log)
 */
export async function salvage(
  copy: string,
  fresh: Database,
  { harder, all, progress }: { readonly harder: boolean; readonly all: number; readonly progress: Progress },
): Promise<Salvaged> {
  const findings: Findings = { sound: 0, spoilt: new Map() }
  // An open deletes files that the MANIFEST does not list; a repair reads every table and log file.
  const bad = await checkFiles(copy, { ...EVERY_BLOCK, resting: true })
  const repairFirst = harder || bad.length > 0
  if (repairFirst) await repairStore(copy)
  let whole = await copyAll(copy, fresh, findings, (done) => progress(Math.min(done, all), all))
  if (!whole && !repairFirst) {
    await repairStore(copy)
    whole = await copyAll(copy, fresh, findings, () => undefined)
  }
  // A damaged block can hide records without any reader noticing.
  return { ...findings, whole: whole && !bad.some(({ lost }) => lost) }
}

interface Findings {
  sound: number
  readonly spoilt: Map<RecordKind, Set<string>>
}

/** The kinds that a repaired log does without, or gets from its events. */
const DERIVED: ReadonlySet<RecordKind> = new Set([KIND.eventless, KIND.type, KIND.times, KIND.count, KIND.cause])

/** Copies all kinds; resolves to false when a part could not be read. */
async function copyAll(
  copy: string,
  fresh: Database,
  findings: Findings,
  progress: (done: number) => void,
): Promise<boolean> {
  const db = await openIfPossible(copy)
  if (db === undefined) return false
  try {
    await checkFormat(db)
    let whole = true
    for (const kind of kinds.filter((each) => !DERIVED.has(each))) {
      whole = (await copyKind(db, kind, fresh, findings, progress)) && whole
    }
    return whole
  } finally {
    await db.close()
  }
}

async function openIfPossible(copy: string): Promise<Database | undefined> {
  try {
    return await levelDatabase(copy).open({ createIfMissing: false })
  } catch {
    return undefined
  }
}

async function checkFormat(db: Database): Promise<void> {
  const meta = await db
    .get(keys.meta)
    .then((text) => decode<Meta>(keys.meta, text))
    .catch(() => undefined)
  if (meta === undefined) return
  refuseNewer(meta.format)
  await upgrade(db, meta)
}

async function copyKind(
  db: Database,
  kind: RecordKind,
  fresh: Database,
  findings: Findings,
  progress: (done: number) => void,
): Promise<boolean> {
  const iterator = db.iterator({ ...startingWith(kind), ...READ_AHEAD })
  try {
    for (;;) {
      const page = await iterator.nextv(PAGE).catch(() => undefined)
      if (page === undefined) return false
      if (page.length === 0) return true
      await take(page, fresh, findings)
      progress(findings.sound)
    }
  } finally {
    await iterator.close()
  }
}

// The first pass copied the newest records; a second one only adds records that the first could not reach.
async function take(read: readonly [string, string][], fresh: Database, findings: Findings): Promise<void> {
  const page = read.flatMap(([key, text]) =>
    kindOf(key) === KIND.event ? eventsOf(key, text) : [{ key, text, sound: isSound(key, text) }],
  )
  const there = await fresh.getMany(page.map(({ key }) => key))
  const batch = fresh.batch()
  for (const [i, { key, text, sound }] of page.entries()) {
    if (there[i] !== undefined) continue
    const kind = kindOf(key)
    if (sound) {
      findings.sound += 1
      findings.spoilt.get(kind)?.delete(key)
      batch.put(key, text)
    } else {
      const spoilt = findings.spoilt.get(kind) ?? new Set()
      findings.spoilt.set(kind, spoilt.add(key))
    }
  }
  await batch.write()
}

/** A record, and whether its checksum and its form are those of its key. */
interface Judged {
  readonly key: string
  readonly text: string
  readonly sound: boolean
}

/**
 * Returns the events of a segment, each as a segment of its own. A damaged line break joins two records or cuts one, so
 * that those after it are not where they were: their checksums tell.
 */
function eventsOf(key: string, text: string): readonly Judged[] {
  const records = recordsIn(key, text)
  const found = new Map<number, Judged>()
  const last = latestEnd(seqOf(key))
  let next = seqOf(key)
  for (const [, record] of records) {
    let seq = next
    while (seq <= last && !isSound(keys.event(seq), record)) seq += 1
    if (seq > last) continue
    found.set(seq, { key: keys.event(seq), text: record, sound: true })
    next = seq + 1
  }
  for (const [seq, record] of records)
    if (!found.has(seq)) found.set(seq, { key: keys.event(seq), text: record, sound: false })
  return [...found.values()]
}

function isSound(key: string, text: string): boolean {
  try {
    if (kindOf(key) === KIND.event) decodeEvent(seqOf(key), text)
    else decode<unknown>(key, text)
    return true
  } catch {
    return false
  }
}
