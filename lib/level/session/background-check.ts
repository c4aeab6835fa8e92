import { background } from '../../core/clock.ts'
import { TidingsError } from '../../core/errors.ts'
import { checkFiles, EVERY_BLOCK, listedBytes, readListing } from '../store/check-files.ts'
import { CHECKED_AT_OPEN } from '../store/database.ts'
import type { ReopeningStore } from './reopening-store.ts'

/**
 * The pause after each table, in ms. A table has 2 MB and takes about 5 ms, so the check uses a tenth of a core and reads
 * 10 GB in 5 minutes.
 */
const PAUSE = 50

/**
 * Checks the blocks of a log that is too large to be checked before it is opened, table by table, while it is in use.
 * Damage fails the store. The first table is read after a pause, so that an agent starts first.
 */
export async function checkInBackground(store: ReopeningStore, most = CHECKED_AT_OPEN): Promise<void> {
  const { directory } = store
  if (directory === undefined) return
  const progress = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      const stop = background(() => (stop(), resolve()), PAUSE)
    })
    // Throws when the log was closed or has failed. After a failure, the reopened store is not checked again.
    void store.session
  }
  try {
    if (listedBytes(await readListing(directory)) <= most) return
    await progress()
    const [bad] = await checkFiles(directory, { ...EVERY_BLOCK, progress })
    if (bad === undefined) return
    const details = { directory, file: bad.file }
    store.damaged(new TidingsError('TIDINGS_LOG_DAMAGED', bad.message, { details }))
  } catch {
    // Closed meanwhile, or a read failed. That is not proof of damage, and readers report it.
  }
}
