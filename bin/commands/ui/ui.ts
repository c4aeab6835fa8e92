import { command } from '../../cli/command.ts'
import { page, reading, running } from '../../cli/options.ts'

export const ui = command({
  summary:
    'Serve a page to look at an agent and steer it, until it is stopped: of the agent that runs on the log or, if none runs, of the log itself, read-only; of all agents on a log in PostgreSQL. It is for this machine, and only for those who have the address that is printed. FILE: the agent whose jobs are shown while none runs.',
  takes: ['[FILE]'],
  options: {
    port: {
      type: 'number',
      describe: 'The port; 0 for any that is free. Default the first free one from 7433 to 7442',
    },
    ...page,
    ...running,
    ...reading,
  },
  examples: [
    ['', 'Prints the address of a page of the only log in .tidings'],
    ['--agent home --port 8080', 'Serves the page of agent home on this port'],
    [
      '--ui-allowed-hosts tidings.example --ui-trust-proxy',
      'Serves it to a proxy, which visitors reach as tidings.example',
    ],
  ],
  run: async (given) => (await import('./serve-ui.ts')).serveUi({ ...given, file: given._[0] }),
})
