import { command } from '../../cli/command.ts'
import { running } from '../../cli/options.ts'
import { simulated as options } from '../simulate/options.ts'

export const diff = command({
  summary:
    'Compare two versions of an agent: both run through the same simulated time, in the same world. Shows which events, requests of handlers and parked events only one of them has. Versions are git revisions, as in HEAD~3..HEAD; HEAD.. compares with the file as it is.',
  takes: ['REVISIONS', 'FILE'],
  options: { ...options, ...running, json: { type: 'boolean', describe: 'Print results as JSON' } },
  examples: [
    ['HEAD.. home.ts --world world.ts', 'Shows what a change that is not committed would do'],
    ['v1..v2 home.ts --world world.ts --for 90d', 'Compares two versions over 90 days'],
  ],
  failsIf: 'they differ',
  run: async (given) => (await import('./run-diff.ts')).runDiff(given),
})
