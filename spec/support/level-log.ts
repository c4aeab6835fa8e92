import { defaultLimits } from '../../lib/core/limits.ts'
import { createLevelLog } from '../../lib/level/create-level-log.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { ReopeningStore, type ReopeningStoreOptions } from '../../lib/level/session/reopening-store.ts'
import { levelDatabase } from '../../lib/level/store/database.ts'
import { identityFilterFile, noIdentityFilterFile } from '../../lib/level/store/identity-filter-file.ts'
import { markFile, noMarkFile } from '../../lib/level/store/marker-file.ts'

/** What a spec must say of a store; the rest is as in a log in memory that waits for its disk. */
export type StoreOptions = Pick<ReopeningStoreOptions, 'source' | 'clock' | 'warn'> & Partial<ReopeningStoreOptions>

/** Opens a store on this source. */
export function openStore(options: StoreOptions): Promise<ReopeningStore> {
  return ReopeningStore.open({ marks: noMarkFile, durability: 'disk', identity: undefined, ...options })
}

/** Opens a log on this source. */
export async function levelLog(options: StoreOptions): Promise<LevelLog> {
  return createLevelLog(await openStore(options), defaultLimits)
}

/** The source and the MARK file of a log on disk. */
export function onDisk(directory: string): Pick<ReopeningStoreOptions, 'source' | 'marks'> {
  return { source: levelDatabase(directory), marks: markFile(directory) }
}

/** An identity filter from the first event on: in the FILTER file of a directory, or in memory alone. */
export function filterFromStart(directory?: string): Pick<ReopeningStoreOptions, 'identityFilter'> {
  const file = directory === undefined ? noIdentityFilterFile : identityFilterFile(directory)
  return { identityFilter: { file, least: 0 } }
}
