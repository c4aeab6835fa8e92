import { command } from '../../cli/command.ts'
import { reading, running } from '../../cli/options.ts'
import { searching } from '../events/search.ts'
import { simulated as options } from '../simulate/options.ts'

export const diff = command({
  summary:
    'Compare two versions of an agent: both run through the same simulated time, in the same world; with --recorded, its listeners hear the events of the log again, and no job runs. Shows which events, requests of handlers, handled and parked events only one of them has. Versions are git revisions, as in HEAD~3..HEAD; HEAD.. compares with the file as it is.',
  takes: ['REVISIONS', 'FILE'],
  options: {
    ...options,
    recorded: {
      type: 'boolean',
      describe: 'Compare on the events of the log; without --world, handlers do nothing, and what they get is compared',
    },
    since: { ...searching.since, describe: 'With --recorded: only events accepted since then, such as 30d' },
    until: { ...searching.until, describe: 'With --recorded: only events accepted until then' },
    ...running,
    ...reading,
  },
  examples: [
    ['HEAD.. home.ts --world world.ts', 'Shows what a change that is not committed would do'],
    ['v1..v2 home.ts --world world.ts --for 90d', 'Compares two versions over 90 days'],
    ['HEAD.. home.ts --recorded --since 30d', 'Shows which events of the last 30 days would reach other listeners'],
  ],
  failsIf: 'they differ',
  run: async (given) => (await import('./run-diff.ts')).runDiff(given),
})
