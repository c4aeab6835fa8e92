import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { pause } from '../shared/pause.ts'

export const resume = command({
  summary: 'Resume a paused job. Slots that passed meanwhile count as missed.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'my_job runs on its schedule again']],
  run: (given) => pause('job', given, ({ jobs }) => jobs.resume(given._[0] ?? '')),
})
