import { command } from '../../cli/command.ts'
import { running } from '../../cli/options.ts'
import { simulated } from './options.ts'

export const simulate = command({
  summary:
    'Run the agent that a module exports through simulated time: on a virtual clock, on a log in memory, in a world of your own. Nothing real is asked or changed. Shows what would run, be published, sent and parked; the same options show the same, on any machine. docs/simulating.md explains worlds and faults.',
  takes: ['FILE'],
  options: {
    ...simulated,
    faults: {
      type: 'string',
      describe: 'Inject faults: all, or some of crashes, failures, clockSteps, late, diskFull with commas between',
    },
    timeline: { type: 'boolean', describe: 'Print everything that happened, line by line' },
    record: {
      type: 'string',
      describe: 'Write what was asked and answered to a file that tidings test --fixture replays',
    },
    ...running,
    json: { type: 'boolean', describe: 'Print results as JSON' },
    yes: { type: 'boolean', describe: 'Do not ask before something is destroyed' },
  },
  examples: [
    ['home.ts --world world.ts', 'Simulates 30 days in the world of world.ts'],
    ['home.ts --world world.ts --faults all --seed 7', 'Also injects faults, and looks for what they lose or repeat'],
    ['home.ts --world home.fixture.json --for 1d --timeline', 'Simulates a day on recorded answers, and prints it all'],
  ],
  failsIf: 'faults lose or repeat something',
  run: async (given) => (await import('./run-simulate.ts')).runSimulate(given),
})
