import { command } from '../../cli/command.ts'
import { reading, running } from '../../cli/options.ts'

export const run = command({
  summary:
    "Run a job of the agent that runs now, beside its schedule, and wait for it. With --dry nothing is stored, neither events nor state, and it is shown what would be; where no agent runs, add the agent's FILE. What the run itself does elsewhere, it does.",
  takes: ['NAME', '[FILE]'],
  options: {
    dry: { type: 'boolean', describe: 'Only show what it would publish' },
    ...running,
    ...reading,
  },
  examples: [
    ['my_job', 'Runs my_job, and says how many events it told'],
    ['my_job --dry', 'Shows what my_job would tell now'],
    ['my_job hello.ts --dry', 'The same, whether the agent in hello.ts runs or not'],
  ],
  run: async (given) =>
    given.dry
      ? (await import('./dry-run.ts')).dryRun(given._, given)
      : (await import('./run-job.ts')).runJob(given._, given),
})
