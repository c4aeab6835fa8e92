import { command } from '../../cli/command.ts'
import { reading, running } from '../../cli/options.ts'

export const why = command({
  summary:
    'Explain why an event has reached the handler of a listener, or has not: what became of its draft, how far its delivery is and, with the FILE of the listener, how each operator of its pipe found it. docs/why.md lists the reasons.',
  takes: ['EVENT', 'LISTENER', '[FILE]'],
  options: { ...running, ...reading },
  examples: [
    ['12 bugs', 'Says what became of event 12 at the listener bugs'],
    ['12 bugs home.ts', 'Also runs its pipe for this event, without the handler'],
    ['repo.starred:x/y bugs home.ts', 'Names the event, or the draft, by its type and identifier'],
  ],
  failsIf: 'the log knows neither such an event nor such a draft, or no such listener',
  run: async (given) => (await import('./run-why.ts')).runWhy(given),
})
