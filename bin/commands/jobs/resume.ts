import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const resume = command({
  summary: 'Let a job go on that was paused. What passed meanwhile counts as missed.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'my_job runs on its schedule again']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../shared/pause.ts')).pause('job', given, ({ jobs }) => jobs.resume(name))
  },
})
