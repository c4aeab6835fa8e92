/** Options of commands that simulate. */
export const simulated = {
  for: { type: 'string', default: '30d', describe: 'How long: a duration such as 30d' },
  from: { type: 'string', describe: 'When it begins: a date or a time in UTC; default the last midnight, in UTC' },
  seed: { type: 'number', default: 1, describe: 'Chooses the faults, and the numbers of the world' },
  world: {
    type: 'string',
    describe: 'What answers: a module that exports a world, or a fixture; without it, every request is refused',
  },
} as const
