import { command } from '../../frame/command.ts'
import { question, reading } from '../../frame/options.ts'

export const count = command({
  summary: 'Count events.',
  takes: [],
  options: { ...question, ...reading },
  examples: [
    ['', 'All of them'],
    ['--type my_event_type --since 1d', 'Those of one type in the last day'],
  ],
  run: async (given) => (await import('../../logs/count-events.ts')).countEvents(given),
})
