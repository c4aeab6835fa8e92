import type { Stream } from '../../lib/index.ts'
import * as confusing from './broken-streams/confusing.ts'
import * as dependent from './broken-streams/dependent.ts'
import * as editable from './broken-streams/editable.ts'
import * as failing from './broken-streams/failing.ts'
import * as late from './broken-streams/late.ts'
import * as losing from './broken-streams/losing.ts'
import * as mortal from './broken-streams/mortal.ts'
import * as renaming from './broken-streams/renaming.ts'
import * as repeating from './broken-streams/repeating.ts'
import * as unstoppable from './broken-streams/unstoppable.ts'
import * as unstorable from './broken-streams/unstorable.ts'
import * as untruthful from './broken-streams/untruthful.ts'

/** A stream with a mistake, and what its law says. */
export type Mistake = readonly [mistake: string, stream: () => Stream, ...finding: RegExp[]]

/** Of the laws that look at one thing alone: the mistakes that only each of them finds. */
export const narrowMistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'an item that arrives late is not lost': [
    ['a watermark passes over late items', late.watermark, /"id":"(\w+)".* was lost: no feed\.item "\1"\n/],
    ['reading begins at what is known', late.untilKnown, /"id":"(\w+)".* was lost: no feed\.item "\1"\n/],
  ],
  'a poll that fails tells nothing wrong, and the next one catches up': [
    [
      'a detail that is missing is left out',
      untruthful.withoutTitle,
      /feed\.item "(\w+)" came as \{"id":"\1","title":"",.*\n(.*\n)+ {2}without the failure: \{"id":"\1"/,
      /but request 2 (rejects|answers 503|breaks off)/,
    ],
    [
      'half an item is one',
      untruthful.halfRead,
      /feed\.item "(\w+)" came as \{"id":"\1","title":""\}\n/,
      /but request \d breaks off in the middle of its answer\n/,
    ],
  ],
  'a restart in the middle of a poll loses nothing and repeats nothing': [
    [
      'state is saved before the events',
      mortal.savedTooEarly,
      /was lost: no feed\.item "(\w+)"\n(.*\n)+ {4}sent \{.*\n {4}told nothing, then the process died\n/,
    ],
    [
      'the known items are only in memory',
      mortal.knownInMemory,
      /was lost: no feed\.item "(\w+)"\n/,
      /then the process died/,
    ],
  ],
  'a run that is stopped begins nothing more and leaves nothing running': [
    [
      'the signal is ignored',
      unstoppable.deaf,
      /it asks for https:\/\/feed\.example\/items\S* after it was stopped: give the request the signal of the context\n/,
      /then it was stopped\n/,
    ],
    ['a port stays open', unstoppable.openPort, /it leaves a server running after its run was stopped\n/],
  ],
  'an item that changes, leaves and returns keeps its name': [
    ['its edits are counted', renaming.byEdits, /"(\w+)" is called feed\.item "\1 0", and later feed\.item "\1 1"\n/],
    [
      'it returns as another one',
      renaming.byReturns,
      /"(\w+)" is called feed\.item "\1", and later feed\.item "\1 again"\n(.*\n)+ {4}told nothing\n/,
    ],
  ],
}

/** Of the other laws: mistakes that each of them finds, and the lines of its report. */
export const wideMistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'polls that overlap lose nothing and repeat nothing': [
    [
      'the last item is lost',
      losing.lastItemLost,
      /"id":"(0+)".* was lost, even alone\n.*\n +sent \{"id":"\1".*\n +told nothing/,
    ],
    ['only the first page is read', losing.firstPageOnly, /"id":"(\w+)".* was lost: no feed\.item "\1"\n/],
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
