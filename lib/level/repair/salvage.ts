import { KIND, keys, kindOf, kinds, type RecordKind, startingWith } from '../format/keys.ts'
import { decode, decodeEvent, type Meta } from '../format/records.ts'
import { checkFiles, EVERY_BLOCK } from '../store/check-files.ts'
import { type Database, levelDatabase, PAGE, READ_AHEAD, repairStore } from '../store/database.ts'
import { refuseNewer, upgrade } from '../store/upgrade.ts'
import type { Progress } from '../upkeep/backup.ts'

/**
 * What was found in a damaged store: how many sound records, and the keys of those that are not, by kind. `whole`: no part
 * of it was out of reach.
 */
export interface Salvaged {
  readonly sound: number
  readonly spoilt: ReadonlyMap<RecordKind, ReadonlySet<string>>
  readonly whole: boolean
}

/**
 * Brings every sound record of a damaged store over to a fresh one, but for the index of types, which says nothing that
 * events do not, and what tells of lost commits, which those that are lost are no reason to refuse. What LevelDB can't read it is asked to repair, and then once more: so the store has to be a copy.
 *
 * @param harder repair it before it is read, whatever its files look like: the process died when it was read as it is
 * @throws TidingsError `TIDINGS_LOG_FORMAT` (a newer version wrote it)
 */
export async function salvage(
  copy: string,
  fresh: Database,
  { harder, all, progress }: { readonly harder: boolean; readonly all: number; readonly progress: Progress },
): Promise<Salvaged> {
  const findings: Findings = { sound: 0, spoilt: new Map() }
  // LevelDB deletes what its MANIFEST does not list; its repair reads every table and log file that is there.
  const bad = await checkFiles(copy, { ...EVERY_BLOCK, resting: true })
  const repairFirst = harder || bad.length > 0
  if (repairFirst) await repairStore(copy)
  let whole = await pass(copy, fresh, findings, (done) => progress(Math.min(done, all), all))
  if (!whole && !repairFirst) {
    await repairStore(copy)
    whole = await pass(copy, fresh, findings, () => undefined)
  }
  // A record that a damaged block hides is missed by nobody who reads the others.
  return { ...findings, whole: whole && !bad.some(({ lost }) => lost) }
}

interface Findings {
  sound: number
  readonly spoilt: Map<RecordKind, Set<string>>
}

/** False: a part could not be read. */
async function pass(
  copy: string,
  fresh: Database,
  findings: Findings,
  progress: (done: number) => void,
): Promise<boolean> {
  const db = await openSomehow(copy)
  if (db === undefined) return false
  try {
    await checkFormat(db)
    let whole = true
    for (const kind of kinds.filter((each) => each !== KIND.eventless && each !== KIND.type)) {
      whole = (await passKind(db, kind, fresh, findings, progress)) && whole
    }
    return whole
  } finally {
    await db.close()
  }
}

async function openSomehow(copy: string): Promise<Database | undefined> {
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

async function passKind(
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

// The first pass read what was newest; a second one only adds what that could not reach.
async function take(page: readonly [string, string][], fresh: Database, findings: Findings): Promise<void> {
  const there = await fresh.getMany(page.map(([key]) => key))
  const batch = fresh.batch()
  for (const [i, [key, text]] of page.entries()) {
    if (there[i] !== undefined) continue
    const kind = kindOf(key)
    if (isSound(kind, key, text)) {
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

function isSound(kind: RecordKind, key: string, text: string): boolean {
  try {
    if (kind === KIND.event) decodeEvent(key, text)
    else decode<unknown>(key, text)
    return true
  } catch {
    return false
  }
}
