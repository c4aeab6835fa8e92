// Writes the tables of docs/delivery.md and docs/storage.md from the results that the suites wrote:
//   TIDINGS_RESULTS=/tmp/results npm run spec -- faults && TIDINGS_RESULTS=/tmp/results npm run spec -- --slow faults
//   node --import tsx spec/faults/table.ts /tmp/results
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from './results.ts'
import { root } from './root.ts'

/** One row: a fault, and how a suite causes it. `suite` is its path under `spec/`. */
interface Row {
  readonly fault: string
  readonly how: string
  readonly suite: string
  /** The rounds and the result of a suite elsewhere, which are the same each time. */
  readonly always?: Pick<Result, 'rounds' | 'result'>
}

/** The rows of one page in order, by the name under which suites write results. */
export type Rows = Readonly<Record<string, Row>>

const delivery: Rows = {
  kill: {
    fault: 'the process is killed',
    how: '`kill -9` at any moment, and before, during and after the nth write and read of the store; the log is compared from outside with all receipts and deliveries',
    suite: 'faults/kill',
  },
  undelivered: {
    fault: 'the process dies between commit and delivery',
    how: 'it kills itself when the published events are durable and no listener has heard them',
    suite: 'faults/handlers',
  },
  harm: {
    fault: 'handlers throw, reject, throw later, never settle, block',
    how: 'one listener for each, beside an innocent one, guarded as by `tidings run`',
    suite: 'faults/handlers',
  },
  exit: {
    fault: 'a handler exits the process',
    how: '`process.exit` in one event of twenty',
    suite: 'faults/handlers',
  },
  'power cuts': {
    fault: 'the process is killed during an innocent event',
    how: '`kill -9` from outside while a slow event is in flight',
    suite: 'faults/handlers',
  },
  model: {
    fault: 'anything, in any order',
    how: 'random commands against a small model: publish, duplicate, fail, crash, reopen, clock steps; listeners are added, removed and renamed; parked events are retried',
    suite: 'faults/model',
  },
  interleavings: {
    fault: 'concurrent publishers',
    how: "the store answers in every order that fast-check's scheduler finds",
    suite: 'faults/interleavings',
  },
  handover: {
    fault: 'a listener changes hands',
    how: 'agents take it over from one another during deliveries, writes of the store fail at random, and the log is closed without waiting, three times a round; the state that the handler keeps shows what was handled, and in which order',
    suite: 'faults/handover',
  },
  order: {
    fault: 'failures while several are handled at a time',
    how: 'random-looking failures, 8 at a time, in each `ordered` mode',
    suite: 'dispatch/queue',
    always: {
      rounds: '1000 events of 10 keys × 4 modes',
      result: 'in order within each key; all are handled or parked',
    },
  },
  stuck: {
    fault: 'a listener is stuck',
    how: 'it never settles while many events arrive behind it; memory is measured after the first 20 000',
    suite: 'faults/stuck',
  },
  commands: {
    fault: 'a command runs, with and without a running agent',
    how: 'every command on a log, and on an agent that runs on a copy of it; answers, exit codes and effects are compared',
    suite: 'e2e/steering',
  },
  breaks: {
    fault: 'the engine has a bug',
    how: 'a copy is broken on purpose, one way at a time, and the suite that must notice is run',
    suite: 'faults/break',
  },
}

const storage: Rows = {
  disk: {
    fault: 'the disk is full',
    how: 'eight publishers, a job and a listener fill a small disk (where mounting is not allowed: a limit on each file); it stays full, gets room again, and 300 more events are published, then `kill -9` or a clean close; LevelDB alone, which continues after the failed write, is the control',
    suite: 'faults/disk',
  },
  power: {
    fault: 'the power fails',
    how: 'the folder as it was at each acknowledgement, with any part of the next writes in its newest log file, then nothing, zeros or garbage; MARK old or new; opened, verified, compared',
    suite: 'faults/power',
  },
  damage: {
    fault: 'a file is damaged',
    how: 'one file of a log with records of every kind: a bit is flipped, the file is cut off, or it is deleted; the log is opened, queried and verified, and everything is published again, in a process that LevelDB may end',
    suite: 'faults/damage',
  },
  upkeep: {
    fault: 'the process is killed during upkeep',
    how: '`kill -9` while it prunes, and while it compacts, with a publisher and a listener at work; a copy is opened and verified, and every acknowledged identity is published again',
    suite: 'faults/upkeep',
  },
  copies: {
    fault: 'the process is killed during a backup',
    how: '`kill -9` while it backs up, and while it restores; every copy that has its final name is restored and verified; the next try clears away unfinished ones',
    suite: 'faults/copies',
  },
  upgrade: {
    fault: 'the process is killed during an upgrade',
    how: '`kill -9` during any write of an upgrade from an older format, which is invented: that of format 1 writes one record',
    suite: 'faults/upgrade',
  },
  space: {
    fault: 'the log grows',
    how: 'events of 260 bytes are pruned and compacted, compared in size with a log that never had more, and published once more',
    suite: 'faults/space',
  },
  backup: {
    fault: 'a backup is made at full speed',
    how: '64 publishers publish at full speed; each backup is restored, verified and compared with the log',
    suite: 'faults/space',
  },
}

/** The pages under docs/ that have such a table. */
export const pages: Readonly<Record<string, Rows>> = { 'delivery.md': delivery, 'storage.md': storage }

const HEADING = '## Shown'

/** The section of a page for these results, with a dash for a row that was not measured. */
export function section(rows: Rows, results: readonly Result[]): string {
  const find = (row: string, tier: Result['tier']): Result | undefined =>
    results.findLast((each) => each.row === row && each.tier === tier)
  const lines = Object.entries(rows).map(([name, { fault, how, suite, always }]) => {
    const [fast, slow] = [find(name, 'fast') ?? always, find(name, 'slow')]
    const cells = [
      fault,
      `${how} (\`spec/${suite}\`)`,
      fast?.rounds ?? '–',
      slow?.rounds ?? '–',
      (slow ?? fast)?.result ?? '–',
    ]
    return `| ${cells.join(' | ')} |`
  })
  return `${HEADING}

How the promises are tested. \`npm test\` runs the fast rounds, \`npm run test:slow\` the slow ones. The result is that of
the largest number of rounds that was run for this page. Written by \`spec/faults/table.ts\`.

| fault | how it is made | rounds, fast | rounds, slow | result |
|---|---|---|---|---|
${lines.join('\n')}
`
}

/** The page with this section, in place of its old one or at its end. */
export function withSection(page: string, text: string): string {
  const start = page.indexOf(`${HEADING}\n`)
  if (start < 0) return `${page.trimEnd()}\n\n${text}`
  const end = page.indexOf('\n## ', start)
  return page.slice(0, start) + text + (end < 0 ? '' : page.slice(end))
}

const [, program, file] = process.argv
if (program === import.meta.filename && file !== undefined) {
  const results = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Result]))
  for (const [page, rows] of Object.entries(pages)) {
    // Without new results, a page stays as it is.
    if (!results.some(({ row }) => row in rows)) continue
    const path = join(root, 'docs', page)
    writeFileSync(path, withSection(readFileSync(path, 'utf8'), section(rows, results)))
  }
}
