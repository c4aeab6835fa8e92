import { background } from '../../core/clock.ts'
import { TidingsError } from '../../core/errors.ts'
import { checkFiles, EVERY_BLOCK, listedBytes, readListing } from '../store/check-files.ts'
import { CHECKED_AT_OPEN } from '../store/database.ts'
import type { ReopeningStore } from './reopening-store.ts'

/**
 * How long nothing is read after each table, in ms. A table has 2 MB and takes some 5 ms: a tenth of a core, and 10 GB in
 * 5 minutes.
 */
const PAUSE = 50

/**
 * Checks the blocks of a log that is too large to be checked before it is opened, table by table, while it is in use. One that
 * is damaged ends the session: `store.damaged`. The first table is read after a pause, so that an agent starts first.
 */
export async function checkInBackground(store: ReopeningStore, most = CHECKED_AT_OPEN): Promise<void> {
  const { directory } = store
  if (directory === undefined) return
  const progress = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      const stop = background(() => (stop(), resolve()), PAUSE)
    })
    // Throws when it was closed or failed: what comes next begins by opening it.
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
    // Closed meanwhile, or a read failed: what can't be read is no damage, and is told to whoever reads it.
  }
}
