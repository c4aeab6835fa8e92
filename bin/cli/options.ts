/** Options of every command. */
export const common = {
  db: { type: 'string', describe: 'Folder of the log, or its address in PostgreSQL' },
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

/** Options of commands that serve the page. */
export const page = {
  'ui-read-only': { type: 'boolean', describe: 'Let visitors of the page look only, whatever their token' },
  'ui-host': {
    type: 'string',
    describe: 'Serve the page on this address, not 127.0.0.1; needs --ui-allowed-hosts',
  },
  'ui-allowed-hosts': {
    type: 'array',
    string: true,
    describe: 'Also answer to this name, such as that of a proxy: tidings.example; may be repeated',
  },
  'ui-trust-proxy': {
    type: 'boolean',
    describe: 'Believe X-Forwarded-Proto and X-Forwarded-User, which a proxy sets',
  },
  'metrics-open': { type: 'boolean', describe: 'Serve /metrics without a token' },
} as const

/** Options of commands that serve the page beside the agent that they run. */
export const ui = {
  ui: {
    type: 'string',
    requiresArg: false,
    describe: 'Serve a page to look at the agent and steer it, and print its address; takes a port, or chooses one',
  },
  ...page,
} as const

/** Lets `--ui` stand without its port, also before a file. */
export function bareUi(args: readonly string[]): readonly string[] {
  return args.map((arg, i) => (arg === '--ui' && !/^\d+$/.test(args[i + 1] ?? '') ? '--ui=any' : arg))
}
