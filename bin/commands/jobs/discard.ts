import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { reading } from '../../cli/options.ts'
import { plural } from '../../print/format.ts'
import { settleHeld } from './settle-held.ts'

export const discard = command({
  summary:
    'Record the drafts that a job holds without telling them: right if a service gave all its items new identifiers. They become events that no listener hears. Asks, or takes --yes.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job --yes', 'The log knows everything that my_job holds, and no listener hears of it']],
  run: (given) =>
    settleHeld(
      given._[0] ?? '',
      given,
      async ({ jobs }, name) => {
        const { held = 0 } = (await jobs.list()).find((job) => job.name === name) ?? {}
        const what = `${plural(held, 'held draft')} of job ${JSON.stringify(name)}`
        if (held > 0) await confirm(`no listener would ever hear the ${what}`, given.yes)
        return jobs.discard(name)
      },
      (drafts) => `records ${drafts} untold`,
    ),
})
