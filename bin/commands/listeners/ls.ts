import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const ls = command({
  summary:
    "List the listeners that a log knows, and how far they are. With an agent's FILE, says which are orphaned: known to the log, but not to the agent. --json prints one object a line (NDJSON).",
  takes: ['[FILE]'],
  options: reading,
  examples: [
    ['', 'Those of the only log in .tidings'],
    ['hello.ts', 'Those of the agent in hello.ts, and its orphans'],
  ],
  run: async (given) => (await import('./list-listeners.ts')).listListeners(given._[0], given),
})
