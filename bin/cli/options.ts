/** Options of every command. */
export const common = {
  db: { type: 'string', describe: 'Folder of the log' },
  json: { type: 'boolean', describe: 'Print results as JSON' },
  yes: { type: 'boolean', describe: 'Do what destroys without asking' },
} as const

/** Options of commands that run a user's code. */
export const running = {
  'log-level': { type: 'string', describe: 'Log from this level on: trace, debug, info, warn, error, fatal or silent' },
  'env-file': { type: 'array', string: true, describe: 'Read environment variables from a file' },
} as const

/** Options of commands that work without a log on disk. */
export const memory = {
  memory: { alias: 'm', type: 'boolean', describe: 'Keep the log in memory: nothing is remembered' },
} as const

/** Options of commands that read a log. */
export const reading = {
  agent: { type: 'string', describe: 'Look at the log of this agent: .tidings/<agent>' },
  ...common,
} as const

/** Options of commands that query events. */
export const question = {
  type: { type: 'array', string: true, describe: 'Only events of this type, or pattern (github.*)' },
  id: { type: 'string', describe: 'Only events of this identifier' },
  since: { type: 'string', describe: 'Accepted since then: a date, a time, today, or a time ago (2h)' },
  until: { type: 'string', describe: 'Accepted until then: likewise' },
} as const
