import type { Operations, TypeRow } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printNote } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'
import { printRows, type Row } from '../../print/rows.ts'

export const types = command({
  summary: 'List the types of the events in the log: how many there are, and the newest. --json prints a list.',
  takes: [],
  options: reading,
  examples: [['', 'Lists all types by name']],
  run: (given) =>
    askLog(given, async (on) => {
      const rows = await counted(on)
      const [{ unindexed } = {}] = rows
      if (given.json) printJson(rows)
      else if ((await printRows(['type', 'events', 'newest', 'accepted'], rows.map(rowOf))) === 0)
        printNote('no events')
      if (unindexed !== undefined)
        printNote(`${unindexed} events are not counted: an older version has stored them, and the log can't be written`)
      return exitCodes.ok
    }),
})

// Each call counts some events of an older version. Ends where a call counts none: then the log can't be written.
async function counted({ types: on }: Operations): Promise<readonly TypeRow[]> {
  const progress = progressBar('counting events of an older version')
  try {
    let rows = await on.list()
    let [left, all] = [leftIn(rows), leftIn(rows)]
    while (left > 0) {
      progress.show(all - left, all)
      rows = await on.list()
      if (leftIn(rows) >= left) return rows
      left = leftIn(rows)
    }
    return rows
  } finally {
    progress.end()
  }
}

function leftIn([first]: readonly TypeRow[]): number {
  return first?.unindexed ?? 0
}

function rowOf({ type, count, last, at }: TypeRow): Row {
  return [type, count, last, at === undefined ? undefined : new Date(at)]
}
