import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { remove } from '../shared/remove.ts'

export const rm = command({
  summary:
    'Remove a job that the agent no longer has from the log: its slots, its history and its state. Its events stay. Asks, or takes --yes.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job --yes', 'The log knows nothing about my_job any more']],
  run: (given) => remove('job', given._[0] ?? '', given, ({ jobs }) => jobs),
})
