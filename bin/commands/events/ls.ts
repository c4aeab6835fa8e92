import { command } from '../../cli/command.ts'
import { question, reading } from '../../cli/options.ts'

export const ls = command({
  summary: 'List events, the oldest first. --json prints one object a line (NDJSON).',
  takes: [],
  options: {
    ...question,
    limit: { type: 'number', describe: 'At most this many' },
    reverse: { type: 'boolean', describe: 'The newest first' },
    ...reading,
  },
  examples: [
    ['--reverse --limit 20', 'The newest twenty'],
    ["--type 'github.*' --since 2h", 'What came from GitHub in the last two hours'],
    ['--since 2027-01-01 --until 2027-01-31 --json', 'January, one JSON object a line'],
  ],
  run: async (given) => (await import('./list-events.ts')).listEvents(given),
})
