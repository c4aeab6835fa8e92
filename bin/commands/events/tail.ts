import { command } from '../../cli/command.ts'
import { question, reading } from '../../cli/options.ts'

const { type, id } = question

export const tail = command({
  summary: 'Show the newest events and, with -f, those to come, over restarts of the agent, until you stop it.',
  takes: [],
  options: {
    follow: { alias: 'f', type: 'boolean', describe: 'Go on with what comes' },
    limit: { alias: 'n', type: 'number', default: 10, describe: 'So many that are there' },
    type,
    id,
    ...reading,
  },
  examples: [
    ['-f', 'The newest ten, and all to come'],
    ["-f -n 0 --type 'github.*' --json", 'What comes from GitHub from now on, one JSON object a line'],
  ],
  run: async (given) => (await import('./tail-events.ts')).tailEvents(given),
})
