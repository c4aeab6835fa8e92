import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { formatSize } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { withBar } from '../../print/progress.ts'

export const compact = command({
  summary: 'Free the disk space that removed events still take. The agent may run.',
  takes: [],
  options: reading,
  examples: [['', 'Frees disk space after tidings db prune']],
  run: (given) =>
    askLog(given, async ({ db }) => {
      const compacted = await withBar('compacting the log', db.compact())
      const { before, after } = compacted
      if (given.json) printJson(compacted)
      else printLine(`the log takes ${formatSize(after)}; before, it took ${formatSize(before)}`)
      return exitCodes.ok
    }),
})
