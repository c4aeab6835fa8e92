import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { pause as pausePart } from '../shared/pause.ts'

export const pause = command({
  summary: 'Pause the schedule of a job until it is resumed, also after a restart. A run in progress may finish.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'my_job runs only when you run it (tidings jobs run my_job)']],
  run: (given) => pausePart('job', given, ({ jobs }) => jobs.pause(given._[0] ?? '')),
})
