import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const rm = command({
  summary:
    'Forget a job that the agent no longer has: its slots, its history and its state. Its events stay. Has to be meant (--yes).',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job --yes', 'The log knows nothing of my_job']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../shared/remove.ts')).remove('job', name, given, ({ jobs }) => jobs)
  },
})
