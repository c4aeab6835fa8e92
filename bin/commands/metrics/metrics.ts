import { open, realpath, rename, rm } from 'node:fs/promises'
import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { print, printJson } from '../../print/print.ts'
import { fileToWrite } from '../shared/file-to-write.ts'

/** How a file of metrics begins. */
const BEGINNING = '# HELP tidings_'

export const metrics = command({
  summary:
    'Print numbers about an agent and its log, in the text format of Prometheus; without a running agent, what the log knows. With --to, writes them to a file, as a whole and readable by all, for the textfile folder of node_exporter.',
  takes: [],
  options: {
    to: { type: 'string', describe: 'Write to this file, whose name ends in .prom for node_exporter' },
    ...reading,
  },
  examples: [
    ['', 'Prints the metrics of the agent on the only log in .tidings'],
    ['--agent home --to /var/lib/node_exporter/home.prom', 'Writes them where node_exporter looks, from cron'],
  ],
  run: async (given) => {
    const { to, json, yes } = given
    const text = await askLog(given, (on) => on.metrics())
    if (to === undefined) {
      if (json === true) printJson({ text })
      else await print(text)
      return exitCodes.ok
    }
    if (!(await holdsMetrics(to))) await confirm(`this replaces the existing file ${to}, which holds no metrics`, yes)
    await replace(to, text)
    if (json === true) printJson({ to })
    return exitCodes.ok
  },
})

/** Whether a file may be replaced: it holds metrics, or nothing, or does not exist. */
async function holdsMetrics(path: string): Promise<boolean> {
  const found = await fileToWrite('--to', path)
  if (found === undefined || found.size === 0) return true
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(BEGINNING.length), 0)
    return buffer.toString() === BEGINNING
  } finally {
    await file.close()
  }
}

// node_exporter may read at any moment, as another user: half a file would look like lost metrics. It ignores the
// temporary name, which does not end in .prom. A link keeps pointing to the file.
async function replace(to: string, text: string): Promise<void> {
  const path = await realpath(to).catch(() => to)
  const part = `${path}.${process.pid}.part`
  try {
    const file = await open(part, 'wx')
    try {
      await file.writeFile(text)
      await file.chmod(0o644)
    } finally {
      await file.close()
    }
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
}
