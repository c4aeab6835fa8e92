import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '../../lib/index.ts'
import { streamLaws } from '../../lib/testing/index.ts'
import * as confusing from './broken-streams/confusing.ts'
import * as dependent from './broken-streams/dependent.ts'
import * as editable from './broken-streams/editable.ts'
import * as failing from './broken-streams/failing.ts'
import * as losing from './broken-streams/losing.ts'
import * as repeating from './broken-streams/repeating.ts'
import * as unstorable from './broken-streams/unstorable.ts'
import { feedService } from './feed-service.ts'

type Mistake = readonly [mistake: string, stream: () => Stream, ...finding: RegExp[]]

/** For each law, the mistakes that only it finds: the finding, and the lines of its report. */
const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'polls that overlap lose nothing and repeat nothing': [
    [
      'the last item is lost',
      losing.lastItemLost,
      /"id":"(0+)".* was lost, even alone\n.*\n +sent \{"id":"\1".*\n +told nothing/,
    ],
    ['only the first page is read', losing.firstPageOnly, /"id":"(\w+)".* was lost: no feed\.item "\1"\n/],
    ['a watermark passes over late items', losing.watermark, /"id":"(\w+)".* was lost: no feed\.item "\1"\n/],
    [
      'reading ends at what is known',
      losing.stopsAtKnown,
      /"id":"(\w+)".* was lost: no feed\.item "\1"\n/,
      /\(duplicate\)/,
    ],
    ['each poll tells again', repeating.oncePerPoll, /feed\.item "0+ 2" was told, which no item stands for/],
    ['the version changes by itself', repeating.changesByItself, /feed\.item "0+" was told again/, /\(changed\)/],
  ],
  'a poll that fails loses nothing': [
    [
      'an ETag is kept before the pages',
      failing.etagTooEarly,
      /was lost: no feed\.item "\w+"/,
      /but request 2 (rejects|answers 503)/,
    ],
    [
      'a page that fails ends the list',
      failing.failureSwallowed,
      /was lost: no feed\.item "\w+"/,
      /but request 2 (rejects|answers 503)/,
    ],
    ['a status is ignored', failing.statusIgnored, /was lost: no feed\.item "\w+"/, /but request 2 answers 503/],
  ],
  'an identifier does not depend on the hour, the order or the page': [
    [
      'it is a position',
      dependent.positional,
      /feed\.item "item 1" occurs only .* order/,
      /expected feed\.item "item 0": /,
    ],
    ['it has the page in it', dependent.paged, /feed\.item "page 2, \w+" occurs only .* pages/],
    [
      'it has the day in it',
      dependent.daily,
      /another hour/,
      /told feed\.item "2026-01-01 (\w+)"\n.*\n.*\n +told feed\.item "202.-..-.. \1"/,
    ],
    [
      'it has the day of the machine in it',
      dependent.dailyByItself,
      /told feed\.item "2026-01-01 (\w+)"\n.*\n.*\n +told feed\.item "202.-..-.. \1"/,
    ],
  ],
  'an item that is edited keeps its identifier': [
    [
      'it has the title in it',
      editable.byTitle,
      /"(\w+)" has two identifiers/,
      /told feed\.item "(\w+) .*"\n.*\n.*\n +told feed\.item "\1 .*"/,
    ],
    ['it is a digest of everything', editable.byDigest, /"(\w+)" has two identifiers/, /told feed\.item "\w{64}"/],
  ],
  'distinct happenings never share an identifier': [
    ['it is cut', confusing.truncated, /feed\.item "(\w{7})" stands for two happenings, "\1\w{9}" and "\1\w{9}"/],
    ['it is rounded', confusing.rounded, /feed\.item "(\d+)" stands for two happenings, "\w{16}" and "\w{16}"/],
    ['it is a title', confusing.byTitleAlone, /feed\.item "title .*" stands for two happenings, "\w{16}" and "\w{16}"/],
    ['it is a position', dependent.positional, /feed\.item "item 0" stands for two happenings, "\w{16}" and "\w{16}"/],
  ],
  'data survives the log': [
    [
      'a price is no number',
      unstorable.notANumber,
      /"feed\.item" "0+": price must be JSON, got NaN/,
      /sent \{"id":"0+",.*"price":"free"/,
    ],
    ['a name is published past its schema', unstorable.pastTheSchema, /feed\.priced "0+" would be parked/, /"free"/],
  ],
}

for (const [law, found] of Object.entries(mistakes)) {
  describe(`only the law "${law}" finds that`, () => {
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

it('every law has at least two mistakes that only it finds', () => {
  assert.deepEqual(Object.keys(mistakes), Object.keys(streamLaws(losing.watermark, feedService)))
  for (const [law, found] of Object.entries(mistakes)) assert(found.length >= 2, law)
})
