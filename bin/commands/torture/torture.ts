import { command } from '../../cli/command.ts'
import { running } from '../../cli/options.ts'
import { simulated } from '../simulate/options.ts'

export const torture = command({
  summary:
    'Run an agent in real processes, and kill, stop, starve and confuse them: what tidings simulate does in simulated time, in the real one. Its jobs are asked for runs all the time; a world of your own answers, and the log is a temporary one, so nothing real is asked or changed. Tells which handler sends something twice without a key. docs/simulating.md explains worlds and faults.',
  takes: ['FILE'],
  options: {
    for: { type: 'string', default: '60s', describe: 'How long, in real time: a duration such as 60s' },
    seed: { ...simulated.seed, describe: 'Chooses the faults, and the numbers of the world' },
    world: simulated.world,
    faults: {
      type: 'string',
      default: 'all',
      describe: 'Which faults: all, or some of kills, stops, clockSteps, diskFull with commas between',
    },
    'env-file': running['env-file'],
    json: { type: 'boolean', describe: 'Print results as JSON' },
  },
  examples: [
    ['home.ts --world world.ts', 'Torments the agent for a minute in the world of world.ts'],
    [
      'home.ts --world home.fixture.json --faults kills --for 10m',
      'Only kills it, for ten minutes, on recorded answers',
    ],
  ],
  failsIf: 'something was sent twice without a key, an event was lost, or no handler was called',
  run: async (given) => (await import('./run-torture.ts')).runTorture(given),
})
