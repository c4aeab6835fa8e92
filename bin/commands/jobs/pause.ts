import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const pause = command({
  summary: 'Let the schedule of a job rest until it is resumed, also over restarts. A run that goes on may end.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'my_job runs only when it is asked to (tidings jobs run my_job)']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../shared/pause.ts')).pause('job', given, ({ jobs }) => jobs.pause(name))
  },
})
