// Verifies a log, for `tidings db verify`. A child process, as LevelDB aborts on some damaged tables.
import { openToLook } from '../logs/open-to-look.ts'
import { serveParent } from './child.ts'

await serveParent(async ({ directory }: { readonly directory: string }, progress) => {
  const said: string[] = []
  const log = await openToLook(directory, { warn: (message) => said.push(message) })
  try {
    return { ...(await log.verify({ progress })), said }
  } finally {
    await log.close()
  }
})
