import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { settleHeld } from './settle-held.ts'

export const release = command({
  summary:
    'Tell the drafts that a job holds, oldest first: those of a poll that was nearly all new. Listeners hear them like any other event. From then on, polls of this job that are all new count as normal.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'Listeners hear everything that my_job holds']],
  run: (given) =>
    settleHeld(
      given._[0] ?? '',
      given,
      ({ jobs }, name) => jobs.release(name),
      (drafts) => `tells ${drafts}`,
    ),
})
