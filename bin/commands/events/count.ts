import { command } from '../../cli/command.ts'
import { question, reading } from '../../cli/options.ts'

export const count = command({
  summary: 'Count events.',
  takes: [],
  options: { ...question, ...reading },
  examples: [
    ['', 'All of them'],
    ['--type my_event_type --since 1d', 'Those of one type in the last day'],
  ],
  run: async (given) => (await import('./count-events.ts')).countEvents(given),
})
