import { type Operations, openLog, operations } from '../../lib/index.ts'
import { type Which, whichLog } from './which-log.ts'

/** Does something with the log that a person means, and closes it again. */
export async function askLog<T>(which: Which, ask: (operations: Operations) => Promise<T>): Promise<T> {
  const log = await openLog(await whichLog(which), { warn: (message) => console.error(`tidings: ${message}`) })
  try {
    return await ask(operations(log))
  } finally {
    await log.close()
  }
}
