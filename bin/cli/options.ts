/** Options of every command. */
export const common = {
  db: { type: 'string', describe: 'Folder of the log' },
  json: { type: 'boolean', describe: 'Print results as JSON' },
  yes: { type: 'boolean', describe: 'Do not ask before something is destroyed' },
} as const

/** Options of commands that run a user's code. */
export const running = {
  'log-level': {
    type: 'string',
    describe: 'Log this level and above: trace, debug, info, warn, error, fatal or silent',
  },
  'env-file': { type: 'array', string: true, describe: 'Read environment variables from a file' },
} as const

/** Options of commands that work without a log on disk. */
export const memory = {
  memory: { alias: 'm', type: 'boolean', describe: 'Keep the log in memory, and forget it at the end' },
} as const

/** Options of commands that read a log. */
export const reading = {
  agent: { type: 'string', describe: 'Use the log of this agent: .tidings/<agent>' },
  ...common,
} as const
