// Writes the tables of docs/delivery.md and docs/storage.md from what the suites wrote down:
//   TIDINGS_RESULTS=/tmp/results npm run spec -- faults && TIDINGS_RESULTS=/tmp/results npm run spec -- --slow faults
//   node --import tsx spec/faults/table.ts /tmp/results
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from './results.ts'
import { root } from './root.ts'

/** One row: what happens, and how a suite makes it happen. `suite`: where, under `spec/`. */
interface Row {
  readonly fault: string
  readonly how: string
  readonly suite: string
  /** What a suite elsewhere tries, and demands: that is the same each time. */
  readonly always?: Pick<Result, 'rounds' | 'result'>
}

/** The rows of one page in order, by the name under which suites write results. */
export type Rows = Readonly<Record<string, Row>>

const delivery: Rows = {
  kill: {
    fault: 'the process is killed',
    how: '`kill -9` at any moment, and before, during and after the nth write and read of the store; compared from outside with what was answered and handled',
    suite: 'faults/kill',
  },
  undelivered: {
    fault: 'it dies between commit and delivery',
    how: 'it kills itself when what was published is durable and nobody was told',
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
    fault: 'it is killed over an innocent event',
    how: '`kill -9` from outside while a slow event is in flight',
    suite: 'faults/handlers',
  },
  model: {
    fault: 'anything, in any order',
    how: 'random commands against a small model: publish, duplicate, fail, crash, reopen, clock steps; listeners come, go, are renamed; parked events are retried',
    suite: 'faults/model',
  },
  interleavings: {
    fault: 'publishers at the same time',
    how: 'the store answers in every order that a scheduler thinks of',
    suite: 'faults/interleavings',
  },
  handover: {
    fault: 'a listener changes hands',
    how: 'agents take it over from one another while deliveries go on, writes of the store fail at random, and the log is closed without waiting, three times a round; the state that the handler keeps tells what was handled, and in which order',
    suite: 'faults/handover',
  },
  order: {
    fault: 'failures while several are handled at a time',
    how: 'random-looking failures, 8 at a time, in each `ordered` mode',
    suite: 'dispatch/pump',
    always: {
      rounds: '1000 events of 10 keys × 4 modes',
      result: 'in order within each key; all are handled or parked',
    },
  },
  stuck: {
    fault: 'a listener is stuck',
    how: 'it never settles, while many events come in behind it; memory is looked at after the first 20 000',
    suite: 'faults/stuck',
  },
  commands: {
    fault: 'somebody asks, or steers, and an agent runs or does not',
    how: 'every command against a log and against the agent that runs on its copy; answers, exit codes and effects are compared',
    suite: 'e2e/steering',
  },
  breaks: {
    fault: 'the engine is wrong',
    how: 'a copy is broken on purpose, one way at a time, and the suite that is to notice is run',
    suite: 'faults/break',
  },
}

const storage: Rows = {
  disk: {
    fault: 'the disk is full',
    how: 'eight publishers, a job and a listener fill a small disk (where mounting is not allowed: a limit on each file); it stays full, has room again, and 300 more are published, then `kill -9` or a clean close; LevelDB alone, which goes on after the failed write, is the control',
    suite: 'faults/disk',
  },
  power: {
    fault: 'the power fails',
    how: 'the folder as it was at each acknowledgement, with any part of what came next in its newest log file, then nothing, zeros or garbage; MARK old or new; opened, verified, compared',
    suite: 'faults/power',
  },
  damage: {
    fault: 'a file is damaged',
    how: 'one file of a log with records of every kind: a bit is flipped, it is cut off, or it is gone; opened, asked everything, verified, and everything is published again, in a process that LevelDB may end',
    suite: 'faults/damage',
  },
  upkeep: {
    fault: 'the process is killed over its upkeep',
    how: '`kill -9` while it prunes, and while it compacts, with a publisher and a listener at work; a copy is opened, verified, and asked for every identity that was answered',
    suite: 'faults/upkeep',
  },
  copies: {
    fault: 'it is killed over a backup',
    how: '`kill -9` while it backs up, and while it restores; whatever has the name of a copy is restored and verified, whatever has not is cleared away by the next try',
    suite: 'faults/copies',
  },
  upgrade: {
    fault: 'it is killed over an upgrade',
    how: '`kill -9` over any write of an upgrade from an older format, which is made up as long as there is none',
    suite: 'faults/upgrade',
  },
  space: {
    fault: 'the log grows',
    how: 'events of 260 bytes are pruned and compacted, weighed against a log that never had others, and published once more',
    suite: 'faults/space',
  },
  backup: {
    fault: 'a backup is made at full speed',
    how: '64 publishers publish as fast as they can; each backup is restored, verified and compared with the log',
    suite: 'faults/space',
  },
}

/** The pages that have a table of what was shown, under docs/. */
export const pages: Readonly<Record<string, Rows>> = { 'delivery.md': delivery, 'storage.md': storage }

const HEADING = '## Shown'

/** The section of a page for these results; what was not measured is a dash. */
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

What was promised, and what it was put to. \`npm test\` runs the fast rounds, \`npm run test:slow\` the slow ones; the
result is that of the most rounds that were run for this page. Written by \`spec/faults/table.ts\`.

| fault | how it is made | rounds, fast | rounds, slow | result |
|---|---|---|---|---|
${lines.join('\n')}
`
}

/** The page with this section in the place of the one it has, or at its end. */
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
    // A page of which nothing was measured stays as it is.
    if (!results.some(({ row }) => row in rows)) continue
    const path = join(root, 'docs', page)
    writeFileSync(path, withSection(readFileSync(path, 'utf8'), section(rows, results)))
  }
}
