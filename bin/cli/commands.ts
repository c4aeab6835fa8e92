import type { Entry } from './command.ts'

/** All commands of `tidings`; each is loaded on demand. */
export const tidings = {
  summary: 'Jobs publish events, each happening is told once, listeners act.',
  commands: {
    run: {
      summary: 'Run an agent until it is stopped, or once',
      load: async () => (await import('../commands/run/run.ts')).run,
    },
    test: {
      summary: 'Try a job or a listener (also installed as agent-test)',
      load: async () => (await import('../commands/test/test.ts')).test,
    },
    status: {
      summary: 'Show how an agent is, and whether all is well',
      load: async () => (await import('../commands/status/status.ts')).status,
    },
    events: {
      summary: 'Look at the events in a log',
      commands: {
        ls: { summary: 'List events', load: async () => (await import('../commands/events/ls.ts')).ls },
        show: { summary: 'Show one event whole', load: async () => (await import('../commands/events/show.ts')).show },
        count: { summary: 'Count events', load: async () => (await import('../commands/events/count.ts')).count },
        tail: {
          summary: 'Show the newest events, and those to come',
          load: async () => (await import('../commands/events/tail.ts')).tail,
        },
        export: {
          summary: 'Write events into a file',
          load: async () => (await import('../commands/events/export.ts')).exportCommand,
        },
        import: {
          summary: 'Store the events of a file',
          load: async () => (await import('../commands/events/import.ts')).importCommand,
        },
      },
    },
    jobs: {
      summary: 'Look at jobs, and steer them',
      commands: {
        ls: { summary: 'List jobs', load: async () => (await import('../commands/jobs/ls.ts')).ls },
        next: {
          summary: 'Show when a job runs next',
          load: async () => (await import('../commands/jobs/next.ts')).next,
        },
        history: {
          summary: 'Show what became of its slots',
          load: async () => (await import('../commands/jobs/history.ts')).history,
        },
        run: { summary: 'Run a job now', load: async () => (await import('../commands/jobs/run.ts')).run },
        pause: { summary: 'Let a schedule rest', load: async () => (await import('../commands/jobs/pause.ts')).pause },
        resume: { summary: 'Let a job go on', load: async () => (await import('../commands/jobs/resume.ts')).resume },
        reset: { summary: 'Begin a schedule now', load: async () => (await import('../commands/jobs/reset.ts')).reset },
        rm: { summary: 'Forget a job', load: async () => (await import('../commands/jobs/rm.ts')).rm },
      },
    },
    listeners: {
      summary: 'Look at listeners, and steer them',
      commands: {
        ls: { summary: 'List listeners', load: async () => (await import('../commands/listeners/ls.ts')).ls },
        pause: {
          summary: 'Let a listener hear nothing',
          load: async () => (await import('../commands/listeners/pause.ts')).pause,
        },
        resume: {
          summary: 'Let a listener go on',
          load: async () => (await import('../commands/listeners/resume.ts')).resume,
        },
        reset: {
          summary: 'Let a listener go on from another place',
          load: async () => (await import('../commands/listeners/reset.ts')).reset,
        },
        skip: {
          summary: 'Let a listener pass over what it has not heard',
          load: async () => (await import('../commands/listeners/skip.ts')).skip,
        },
        rename: {
          summary: 'Give a listener another name',
          load: async () => (await import('../commands/listeners/rename.ts')).rename,
        },
        rm: { summary: 'Forget a listener', load: async () => (await import('../commands/listeners/rm.ts')).rm },
      },
    },
    parked: {
      summary: 'Look at what listeners could not handle, and decide',
      commands: {
        ls: { summary: 'List parked events', load: async () => (await import('../commands/parked/ls.ts')).ls },
        show: {
          summary: 'Show one, with its error',
          load: async () => (await import('../commands/parked/show.ts')).show,
        },
        retry: {
          summary: 'Hand them out again',
          load: async () => (await import('../commands/parked/retry.ts')).retry,
        },
        drop: { summary: 'Forget them', load: async () => (await import('../commands/parked/drop.ts')).drop },
      },
    },
    db: {
      summary: 'Look after a log: its size, its soundness, its backups',
      commands: {
        stats: { summary: 'Show sizes and growth', load: async () => (await import('../commands/db/stats.ts')).stats },
        verify: { summary: 'Look for damage', load: async () => (await import('../commands/db/verify.ts')).verify },
        backup: {
          summary: 'Copy a log, also while it is in use',
          load: async () => (await import('../commands/db/backup.ts')).backup,
        },
        restore: {
          summary: 'Make a log out of a backup',
          load: async () => (await import('../commands/db/restore.ts')).restore,
        },
        prune: { summary: 'Remove old events', load: async () => (await import('../commands/db/prune.ts')).prune },
        compact: {
          summary: 'Give the disk back',
          load: async () => (await import('../commands/db/compact.ts')).compact,
        },
        repair: {
          summary: 'See what is left of a damaged log',
          load: async () => (await import('../commands/db/repair.ts')).repair,
        },
      },
    },
  },
} satisfies Entry
