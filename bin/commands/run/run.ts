import { command } from '../../cli/command.ts'
import { common, memory, running } from '../../cli/options.ts'

export const run = command({
  summary: 'Run the agent that a TypeScript or JavaScript module exports, until it is stopped.',
  takes: ['FILE'],
  options: {
    once: { type: 'boolean', describe: 'Run every job once, deliver what is new, and end' },
    only: { type: 'array', string: true, describe: 'Run only this job, and any more given so' },
    retain: {
      type: 'array',
      string: true,
      describe: 'Keep events so long (90d), so many (10000) or so much (2GB); default for ever',
    },
    ...memory,
    ...running,
    ...common,
  },
  examples: [
    ['hello.ts', 'Runs hello.ts; its log is in .tidings/<name of the agent>'],
    ['hello.ts --once --only my_job', 'Runs one job once, and all listeners for what is new'],
    [
      'hello.ts --retain 90d --retain 2GB',
      'Removes, each hour, what is older than 90 days, and what is more than 2 GB',
    ],
    ['hello.ts -m --log-level debug', 'Remembers nothing, and says more'],
  ],
  run: async (given) => (await import('./run-agent.ts')).runAgent({ ...given, file: given._[0] ?? '' }),
})
