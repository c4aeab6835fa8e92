// Verifies a log, for `tidings db verify`. A child process, as LevelDB aborts on some damaged tables.
import { openReadable } from '../logs/open-readable.ts'
import { serveParent } from './child.ts'

await serveParent(async ({ directory }: { readonly directory: string }, progress) => {
  const warnings: string[] = []
  const log = await openReadable(directory, { warn: (message) => warnings.push(message) })
  try {
    return { ...(await log.verify({ progress })), warnings }
  } finally {
    await log.close()
  }
})
