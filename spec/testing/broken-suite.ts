import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { streamLaws } from '../../lib/testing/index.ts'
import { closeAll } from './broken-streams/unstoppable.ts'
import { feedService } from './feed-service.ts'
import type { Mistake } from './stream-mistakes.ts'

/** Each law finds its mistakes. */
export function brokenSuite(mistakes: Readonly<Record<string, readonly Mistake[]>>): void {
  for (const [law, found] of Object.entries(mistakes)) {
    describe(`the law "${law}" finds that`, () => {
      afterEach(closeAll)
      for (const [mistake, stream, ...words] of found) {
        it(mistake, async () => {
          const alone = streamLaws(stream, feedService)[law]
          await assert.rejects(alone as () => Promise<void>, (error) => {
            assert(error instanceof Error)
            assert(error.message.startsWith(`stream feed breaks a law, "${law}":\n`), error.message)
            assert(error.message.length < 3000, error.message)
            for (const each of words) assert.match(error.message, each)
            return true
          })
        })
      }
    })
  }
}
