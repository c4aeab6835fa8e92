import type { Entry } from './command.ts'

/** All commands of `tidings`; each is loaded on demand. */
export const tidings = {
  summary: 'Jobs publish events, each happening is told once, listeners act.',
  commands: {
    init: {
      summary: 'Make a project with an agent and its test',
      load: async () => (await import('../commands/init/init.ts')).init,
    },
    run: {
      summary: 'Run an agent until it is stopped, or once',
      load: async () => (await import('../commands/run/run.ts')).run,
    },
    dev: {
      summary: 'Run an agent while it is written: reloads it on each change',
      load: async () => (await import('../commands/dev/dev.ts')).dev,
    },
    reload: {
      summary: 'Make a running agent load its code again',
      load: async () => (await import('../commands/reload/reload.ts')).reload,
    },
    test: {
      summary: 'Try a job or a listener (also installed as agent-test)',
      load: async () => (await import('../commands/test/test.ts')).test,
    },
    status: {
      summary: 'Show the state of an agent, and any problems',
      load: async () => (await import('../commands/status/status.ts')).status,
    },
    ui: {
      summary: 'Serve a page of an agent, to look at it and steer it',
      load: async () => (await import('../commands/ui/ui.ts')).ui,
    },
    health: {
      summary: 'Check whether an agent works: fast, for health checks',
      load: async () => (await import('../commands/health/health.ts')).health,
    },
    doctor: {
      summary: 'Examine a server of PostgreSQL and the log in it',
      load: async () => (await import('../commands/doctor/doctor.ts')).doctor,
    },
    metrics: {
      summary: 'Print numbers for Prometheus',
      load: async () => (await import('../commands/metrics/metrics.ts')).metrics,
    },
    graph: {
      summary: 'Draw the way of events through an agent',
      load: async () => (await import('../commands/graph/graph.ts')).graph,
    },
    lint: {
      summary: 'Look for mistakes in an agent, without running it',
      load: async () => (await import('../commands/lint/lint.ts')).lint,
    },
    why: {
      summary: 'Explain why an event has reached a listener, or has not',
      load: async () => (await import('../commands/why/why.ts')).why,
    },
    backtest: {
      summary: 'Run the pipe of a listener over stored events, and compare',
      load: async () => (await import('../commands/backtest/backtest.ts')).backtest,
    },
    simulate: {
      summary: 'Run an agent through simulated time, with faults if you like',
      load: async () => (await import('../commands/simulate/simulate.ts')).simulate,
    },
    torture: {
      summary: 'Kill and disturb an agent in real processes',
      load: async () => (await import('../commands/torture/torture.ts')).torture,
    },
    diff: {
      summary: 'Compare two versions of an agent in the same simulated time',
      load: async () => (await import('../commands/diff/diff.ts')).diff,
    },
    events: {
      summary: 'Search, follow, export and import events',
      commands: {
        ls: { summary: 'List events', load: async () => (await import('../commands/events/ls.ts')).ls },
        show: {
          summary: 'Show one event in full',
          load: async () => (await import('../commands/events/show.ts')).show,
        },
        find: {
          summary: 'Find the events with an identifier',
          load: async () => (await import('../commands/events/find.ts')).find,
        },
        search: {
          summary: 'Search events for text',
          load: async () => (await import('../commands/events/search-text.ts')).searchText,
        },
        types: {
          summary: 'List the types, and how many events they have',
          load: async () => (await import('../commands/events/types.ts')).types,
        },
        count: { summary: 'Count events', load: async () => (await import('../commands/events/count.ts')).count },
        tail: {
          summary: 'Show the newest events, and new ones as they arrive',
          load: async () => (await import('../commands/events/tail.ts')).tail,
        },
        export: {
          summary: 'Write events to a file',
          load: async () => (await import('../commands/events/export.ts')).exportCommand,
        },
        import: {
          summary: 'Store the events of a file',
          load: async () => (await import('../commands/events/import.ts')).importCommand,
        },
      },
    },
    jobs: {
      summary: 'List, run, pause and reset jobs',
      commands: {
        ls: { summary: 'List jobs', load: async () => (await import('../commands/jobs/ls.ts')).ls },
        next: {
          summary: 'Show when a job runs next',
          load: async () => (await import('../commands/jobs/next.ts')).next,
        },
        history: {
          summary: 'Show the outcomes of its slots',
          load: async () => (await import('../commands/jobs/history.ts')).history,
        },
        timeline: {
          summary: 'Show the newest slots of all jobs',
          load: async () => (await import('../commands/jobs/timeline.ts')).timeline,
        },
        abort: {
          summary: 'Abort what a job runs now',
          load: async () => (await import('../commands/jobs/abort.ts')).abort,
        },
        run: { summary: 'Run a job now', load: async () => (await import('../commands/jobs/run.ts')).run },
        pause: { summary: 'Pause a job', load: async () => (await import('../commands/jobs/pause.ts')).pause },
        resume: { summary: 'Resume a job', load: async () => (await import('../commands/jobs/resume.ts')).resume },
        reset: {
          summary: 'Restart a schedule now',
          load: async () => (await import('../commands/jobs/reset.ts')).reset,
        },
        release: {
          summary: 'Tell the drafts that a job holds',
          load: async () => (await import('../commands/jobs/release.ts')).release,
        },
        discard: {
          summary: 'Record the drafts that a job holds, untold',
          load: async () => (await import('../commands/jobs/discard.ts')).discard,
        },
        rm: { summary: 'Remove a job from the log', load: async () => (await import('../commands/jobs/rm.ts')).rm },
      },
    },
    agents: {
      summary: 'List the agents on a log',
      commands: {
        ls: { summary: 'List agents', load: async () => (await import('../commands/agents/ls.ts')).ls },
      },
    },
    listeners: {
      summary: 'List, pause, move and rename listeners',
      commands: {
        ls: { summary: 'List listeners', load: async () => (await import('../commands/listeners/ls.ts')).ls },
        deliveries: {
          summary: 'Show its newest deliveries',
          load: async () => (await import('../commands/listeners/deliveries.ts')).deliveries,
        },
        retrying: {
          summary: 'List events that wait for another attempt',
          load: async () => (await import('../commands/listeners/retrying.ts')).retrying,
        },
        pause: {
          summary: 'Pause a listener',
          load: async () => (await import('../commands/listeners/pause.ts')).pause,
        },
        resume: {
          summary: 'Resume a listener',
          load: async () => (await import('../commands/listeners/resume.ts')).resume,
        },
        reset: {
          summary: 'Continue a listener from another place',
          load: async () => (await import('../commands/listeners/reset.ts')).reset,
        },
        skip: {
          summary: 'Skip the events that a listener has not received',
          load: async () => (await import('../commands/listeners/skip.ts')).skip,
        },
        rename: {
          summary: 'Rename a listener',
          load: async () => (await import('../commands/listeners/rename.ts')).rename,
        },
        rm: {
          summary: 'Remove a listener from the log',
          load: async () => (await import('../commands/listeners/rm.ts')).rm,
        },
      },
    },
    parked: {
      summary: 'List, retry and drop events that listeners could not handle',
      commands: {
        ls: { summary: 'List parked events', load: async () => (await import('../commands/parked/ls.ts')).ls },
        groups: {
          summary: 'Count them by type and error',
          load: async () => (await import('../commands/parked/groups.ts')).groups,
        },
        show: {
          summary: 'Show one, with its error',
          load: async () => (await import('../commands/parked/show.ts')).show,
        },
        retry: {
          summary: 'Deliver them again',
          load: async () => (await import('../commands/parked/retry.ts')).retry,
        },
        drop: { summary: 'Drop them', load: async () => (await import('../commands/parked/drop.ts')).drop },
      },
    },
    replay: {
      summary: 'Tell stored events to a listener that has not heard them, or again',
      load: async () => (await import('../commands/replay/replay.ts')).replay,
    },
    service: {
      summary: 'Run agents as services of systemd',
      commands: {
        print: {
          summary: 'Print the units',
          load: async () => (await import('../commands/service/print.ts')).print,
        },
        install: {
          summary: 'Write the units, and say how to start them',
          load: async () => (await import('../commands/service/install.ts')).install,
        },
      },
    },
    db: {
      summary: 'Maintain a log: size, integrity, backups',
      commands: {
        stats: { summary: 'Show sizes and growth', load: async () => (await import('../commands/db/stats.ts')).stats },
        verify: { summary: 'Check for damage', load: async () => (await import('../commands/db/verify.ts')).verify },
        backup: {
          summary: 'Copy a log, even while it is in use',
          load: async () => (await import('../commands/db/backup.ts')).backup,
        },
        restore: {
          summary: 'Make a log from a backup',
          load: async () => (await import('../commands/db/restore.ts')).restore,
        },
        init: {
          summary: 'Make a log in PostgreSQL',
          load: async () => (await import('../commands/db/init.ts')).init,
        },
        copy: {
          summary: 'Move a log to PostgreSQL, or back',
          load: async () => (await import('../commands/db/copy.ts')).copy,
        },
        prune: { summary: 'Remove old events', load: async () => (await import('../commands/db/prune.ts')).prune },
        compact: {
          summary: 'Free disk space',
          load: async () => (await import('../commands/db/compact.ts')).compact,
        },
        repair: {
          summary: 'Recover what is intact in a damaged log',
          load: async () => (await import('../commands/db/repair.ts')).repair,
        },
      },
    },
  },
} satisfies Entry
