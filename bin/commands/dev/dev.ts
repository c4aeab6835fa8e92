import { command } from '../../cli/command.ts'
import { bareUi, common, running, ui } from '../../cli/options.ts'

export const dev = command({
  summary:
    'Run an agent while it is written: whenever a file of its code is saved, loads it again and shows what has changed. A mistake is shown with its place, and the older version runs on. The log is kept, so nothing is told twice. On a terminal, r reloads, u opens the page and prints its address, q quits. --json prints each reload as a line of JSON.',
  takes: ['FILE'],
  options: {
    only: { type: 'array', string: true, describe: 'Run only this job; may be repeated' },
    ...ui,
    ...running,
    ...common,
  },
  examples: [
    ['agents/hello.ts', 'Runs it, and reloads it on each change; its log is in .tidings/<agent>'],
    ['hello.ts --env-file .env', 'Also reloads when .env changes'],
    ['hello.ts --only my_job --log-level debug', 'Runs one of its jobs, and logs more'],
  ],
  rewrite: bareUi,
  run: async (given) => (await import('./dev-agent.ts')).devAgent({ ...given, file: given._[0] ?? '' }),
})
