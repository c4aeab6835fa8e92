import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { StoredEvent } from '../../lib/index.ts'
import { confirm } from '../frame/confirm.ts'
import { exitCodes } from '../frame/mistake.ts'
import { askLog } from '../logs/ask-log.ts'
import { questionOf, type Wanted } from '../logs/event-question.ts'
import { jsonLine, printJson } from '../print/json.ts'
import { progressBar } from '../print/progress-bar.ts'
import { tell } from '../print/tell.ts'
import { some } from '../print/words.ts'
import type { Asked } from '../steering/asked.ts'

/** Writes events, one a line of JSON, to standard output or into a file; resolves to the exit code. */
export function exportEvents(asked: Wanted & Asked & { readonly to?: string | undefined }): Promise<number> {
  return askLog(asked, async ({ events }) => {
    const { to } = asked
    const found = events.list(questionOf(asked))
    if (to === undefined) {
      for await (const line of linesOf(found)) if (!process.stdout.write(line)) await once(process.stdout, 'drain')
      return exitCodes.ok
    }
    if (existsSync(to)) await confirm(`${to} is there already, and would be replaced`, asked.yes)
    const count = await save(found, to)
    if (asked.json) printJson({ count, to })
    else tell(`${some(count, 'event')} exported to ${to}`)
    return exitCodes.ok
  })
}

// Under another name until it is whole: half a file looks like a whole one.
async function save(found: AsyncIterable<StoredEvent>, to: string): Promise<number> {
  const part = `${to}.part`
  const progress = progressBar('exporting events')
  let count = 0
  const counted = (): void => progress.show((count += 1))
  try {
    await pipeline(Readable.from(linesOf(found, counted)), createWriteStream(part, { mode: 0o600 }))
    await rename(part, to)
    return count
  } catch (error) {
    await rm(part, { force: true })
    throw error
  } finally {
    progress.end()
  }
}

async function* linesOf(events: AsyncIterable<StoredEvent>, counted?: () => void): AsyncGenerator<string> {
  for await (const event of events) {
    counted?.()
    yield jsonLine(event)
  }
}
