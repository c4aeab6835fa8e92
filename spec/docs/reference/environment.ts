/** The environment variables that Tidings reads, with what each does. `docs/options.md` lists them. */
export const environment: readonly (readonly [name: string, means: string, unset: string])[] = [
  ['TIDINGS_DB', 'The folder of the log, for commands without `--db` and `--agent`.', '`.tidings/<agent>`'],
  [
    'TIDINGS_LOG_LEVEL',
    'The least severe level that is logged: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.',
    '`info`',
  ],
  ['TIDINGS_RETAIN', 'What `tidings run` keeps, as `--retain` has it, separated by commas: `90d,2GB`.', 'everything'],
  [
    'CREDENTIALS_DIRECTORY',
    'A folder with one file for each secret, as systemd makes it from `LoadCredential`.',
    'none',
  ],
  [
    'NOTIFY_SOCKET',
    'Where systemd is notified that the agent is ready, well or stopping; systemd sets it.',
    'not notified',
  ],
  ['WATCHDOG_USEC', 'The time in µs within which systemd expects a sign of life; systemd sets it.', 'no watchdog'],
  ['WATCHDOG_PID', 'The process that the watchdog is for; systemd sets it.', 'this one'],
  ['PATH', 'Where `exec` finds programs.', "the system's"],
  ['NO_COLOR', 'With any value but an empty one, nothing is coloured.', 'colours on a terminal'],
  ['TZ', 'The time zone of schedules that name none, and of times on the command line.', "the system's"],
  ['XDG_CACHE_HOME', 'Where compiled agents are kept, in the folder `tidings`.', '`~/.cache`'],
]
