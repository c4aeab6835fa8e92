import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const show = command({
  summary: 'Show one event whole: by its seq, or the latest of a type and identifier.',
  takes: ['SEQ|TYPE', '[IDENTIFIER]'],
  options: reading,
  examples: [
    ['12', 'The event at seq 12'],
    ['my_event_type 123', 'The latest event of this type and identifier'],
  ],
  run: async (given) => (await import('./show-event.ts')).showEvent(given._, given),
})
