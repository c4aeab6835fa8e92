import { command } from '../../cli/command.ts'
import { reading, running } from '../../cli/options.ts'

export const ls = command({
  summary:
    "List the jobs that a log knows, with their last and next run. When they run next is known where an agent runs, or with an agent's FILE, whose jobs are listed before they ever ran, too. Recent slots: . done, F failed, A abandoned, C cancelled, b blocked by a run, m missed. --json prints one object a line (NDJSON).",
  takes: ['[FILE]'],
  options: {
    tag: { type: 'array', string: true, describe: 'Only jobs with this tag; needs an agent that runs, or its FILE' },
    ...running,
    ...reading,
  },
  examples: [
    ['', 'Those of the only log in .tidings'],
    ['hello.ts', 'Those of the agent in hello.ts, whether it runs or not'],
    ['--agent hello --tag nightly', 'Those of the agent hello that are tagged nightly'],
  ],
  run: async (given) => (await import('./list-jobs.ts')).listJobs(given._[0], given),
})
