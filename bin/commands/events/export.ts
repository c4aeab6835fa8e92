import { command } from '../../cli/command.ts'
import { question, reading } from '../../cli/options.ts'

export const exportCommand = command({
  summary: 'Write events, the oldest first, one JSON object a line (NDJSON), to standard output or into a file.',
  takes: [],
  options: { to: { type: 'string', describe: 'Write them into this file' }, ...question, ...reading },
  examples: [
    ['--to events.ndjson', 'All events, into a file'],
    ["--type 'github.*' --since 30d | gzip > github.ndjson.gz", 'What came from GitHub in the last month'],
  ],
  run: async (given) => (await import('./export-events.ts')).exportEvents(given),
})
