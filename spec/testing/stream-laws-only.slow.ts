import { afterEach, describe, it } from 'node:test'
import { streamLaws } from '../../lib/testing/index.ts'
import { closeAll } from './broken-streams/unstoppable.ts'
import { feedService } from './feed-service.ts'
import { narrowMistakes } from './stream-mistakes.ts'

for (const [law, mistakes] of Object.entries(narrowMistakes)) {
  describe(`no other law than "${law}" finds that`, () => {
    afterEach(closeAll)
    for (const [mistake, stream] of mistakes) {
      it(mistake, async () => {
        for (const [name, other] of Object.entries(streamLaws(stream, { ...feedService, numRuns: 30 }))) {
          if (name !== law) await other()
        }
      })
    }
  })
}
