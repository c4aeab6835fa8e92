import { command } from '../../cli/command.ts'
import { reading, running } from '../../cli/options.ts'

export const next = command({
  summary: "Show when a job runs next, as the clocks here show it. Where no agent runs, add the agent's FILE.",
  takes: ['NAME', '[FILE]'],
  options: {
    limit: { alias: 'n', type: 'number', default: 10, describe: 'So many slots' },
    ...running,
    ...reading,
  },
  examples: [
    ['my_job', 'The next ten slots of my_job'],
    ['my_job hello.ts -n 3', 'Three, whether the agent in hello.ts runs or not'],
  ],
  run: async (given) => (await import('./next-runs.ts')).nextRuns(given._, given),
})
