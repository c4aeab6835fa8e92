import type { Entry } from './frame/command.ts'

/** Every command of `tidings`; each is loaded when it is called. */
export const tidings = {
  summary: 'Jobs publish events, each happening is told once, listeners act.',
  commands: {
    run: {
      summary: 'Run an agent until it is stopped, or once',
      load: async () => (await import('./commands/run.ts')).run,
    },
    test: {
      summary: 'Try a job or a listener (also installed as agent-test)',
      load: async () => (await import('./commands/test.ts')).test,
    },
    events: {
      summary: 'Look at the events in a log',
      commands: {
        ls: { summary: 'List events', load: async () => (await import('./commands/events/ls.ts')).ls },
        show: { summary: 'Show one event whole', load: async () => (await import('./commands/events/show.ts')).show },
        count: { summary: 'Count events', load: async () => (await import('./commands/events/count.ts')).count },
      },
    },
    jobs: {
      summary: 'Look at the jobs that a log knows',
      commands: { ls: { summary: 'List jobs', load: async () => (await import('./commands/jobs/ls.ts')).ls } },
    },
    listeners: {
      summary: 'Look at the listeners that a log knows',
      commands: {
        ls: { summary: 'List listeners', load: async () => (await import('./commands/listeners/ls.ts')).ls },
      },
    },
  },
} satisfies Entry
