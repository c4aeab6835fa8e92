import { command } from '../../cli/command.ts'
import { bareUi, common, memory, running, ui } from '../../cli/options.ts'

export const run = command({
  summary: 'Run the agent that a TypeScript or JavaScript module exports, until it is stopped.',
  takes: ['FILE'],
  options: {
    once: { type: 'boolean', describe: 'Run every job once, deliver the new events, and end' },
    dry: {
      type: 'boolean',
      describe: 'Only show what --once would publish and deliver: calls no handler, stores nothing',
    },
    only: { type: 'array', string: true, describe: 'Run only this job; may be repeated' },
    retain: {
      type: 'array',
      string: true,
      describe: 'Keep events up to an age (90d), a count (10000) or a size (2GB); default: forever',
    },
    ...ui,
    ...memory,
    ...running,
    ...common,
  },
  examples: [
    ['hello.ts', 'Runs hello.ts; its log is in .tidings/<agent>'],
    ['hello.ts --once --only my_job', 'Runs one job once, and all listeners for the new events'],
    ['hello.ts --dry', 'Shows which handlers would be called with what'],
    ['hello.ts --retain 90d --retain 2GB', 'Removes, every hour, events older than 90 days or beyond 2 GB'],
    ['hello.ts --ui', 'Also serves a page on this machine, and prints its address'],
    ['hello.ts -m --log-level debug', 'Stores nothing on disk, and logs more'],
  ],
  rewrite: bareUi,
  failsIf: 'the log closed itself, or with --once or --dry a job failed, or an event was parked or waits for a retry',
  run: async (given) => (await import('./run-agent.ts')).runAgent({ ...given, file: given._[0] ?? '' }),
})
