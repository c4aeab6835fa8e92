import assert from 'node:assert/strict'
import { it } from 'node:test'
import { streamLaws } from '../../lib/testing/index.ts'
import { lastItemLost } from './broken-streams/losing.ts'
import { brokenSuite } from './broken-suite.ts'
import { feedService } from './feed-service.ts'
import { narrowMistakes, wideMistakes } from './stream-mistakes.ts'

brokenSuite(wideMistakes)

it('every law has at least two mistakes', () => {
  const mistakes = { ...wideMistakes, ...narrowMistakes }
  assert.deepEqual(Object.keys(mistakes).toSorted(), Object.keys(streamLaws(lastItemLost, feedService)).toSorted())
  for (const [law, found] of Object.entries(mistakes)) assert(found.length >= 2, law)
})
