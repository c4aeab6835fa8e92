import { command } from '../../cli/command.ts'
import { reading, running } from '../../cli/options.ts'

export const backtest = command({
  summary:
    'Run the pipe of a listener over the events of a log, without its handler: which of them pass, by day; or what differs from the pipe in another file, or in an older revision of the file. Nothing is stored or delivered. docs/backtest.md explains the answer.',
  takes: ['FILE', 'LISTENER'],
  options: {
    against: { type: 'string', describe: 'Compare with the listener of that name in this file' },
    'against-git': { type: 'string', describe: 'Compare with FILE as it was at this git revision' },
    type: { type: 'array', string: true, describe: 'Only events of this type, or pattern (github.*)' },
    since: { type: 'string', describe: 'Accepted since then: a date, a time, today, or a time ago (2h)' },
    until: { type: 'string', describe: 'Accepted until then: likewise' },
    examples: { type: 'number', default: 5, describe: 'How many events of each kind to show: the newest' },
    ...running,
    ...reading,
  },
  examples: [
    ['home.ts bugs', 'Shows which stored events pass the pipe of the listener bugs'],
    ['home.ts bugs --against-git HEAD', 'Shows what a change that is not committed adds and removes'],
    ['home.ts bugs --against old.ts --since 30d', 'Compares with another file, on the last 30 days'],
    ['home.ts bugs --json --examples 1000', 'Prints the answer as JSON, with more examples'],
  ],
  run: async (given) => (await import('./run-backtest.ts')).runBacktest(given),
})
