import { command } from '../../frame/command.ts'
import { reading } from '../../frame/options.ts'

export const resume = command({
  summary: 'Let a job go on that was paused. What passed meanwhile counts as missed.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'my_job runs on its schedule again']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../../steering/pause.ts')).pause('job', given, ({ jobs }) => jobs.resume(name))
  },
})
