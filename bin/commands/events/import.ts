import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const importCommand = command({
  summary:
    "Store events that another log has: from a file of JSON lines (- is standard input), or the Python agent's SQLite file. No listener hears them; they keep their time, and known ones are skipped, so an import can be repeated. A line that is not an event ends the import; a row of SQLite, or any line with --skip, is skipped and listed, and the exit code is 1. With --db or --agent, a missing log is created.",
  takes: ['FILE'],
  options: {
    identity: {
      type: 'string',
      describe: 'What makes an event one in a new log: type (and identifier), or identifier',
    },
    skip: { type: 'boolean', describe: 'Skip lines that are no events, list them, and go on' },
    ...reading,
  },
  examples: [
    ['events.ndjson', 'What tidings events export wrote'],
    [
      'py_agent.db --agent home --identity identifier',
      "The Python agent's events, into a new log that tells apart as it did",
    ],
    ['- --db backup < events.ndjson', 'From standard input, into another log'],
  ],
  run: async (given) => (await import('./import-events.ts')).importEvents(given._[0] ?? '', given),
})
