import { afterEach, describe, it } from 'node:test'
import { streamLaws } from '../../lib/testing/index.ts'
import { closeAll } from './broken-streams/unstoppable.ts'
import { feedService } from './feed-service.ts'
import { mistakes } from './stream-mistakes.ts'

/** The laws that look at one thing alone. The mistakes of the others show in several laws. */
const narrow = [
  'an item that arrives late is not lost',
  'a poll that fails tells nothing wrong, and the next one catches up',
  'a restart in the middle of a poll loses nothing and repeats nothing',
  'a run that is stopped begins nothing more and leaves nothing running',
  'an item that changes, leaves and returns keeps its name',
]

for (const law of narrow) {
  describe(`no other law than "${law}" finds that`, () => {
    afterEach(closeAll)
    for (const [mistake, stream] of mistakes[law] ?? []) {
      it(mistake, async () => {
        for (const [name, other] of Object.entries(streamLaws(stream, { ...feedService, numRuns: 30 }))) {
          if (name !== law) await other()
        }
      })
    }
  })
}
