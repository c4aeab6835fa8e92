import { command } from '../../cli/command.ts'

export const init = command({
  summary: 'Make a project: an agent, its test, and what checks them. Adds deployment files to one that exists.',
  takes: ['[DIR]'],
  options: {
    js: { type: 'boolean', describe: 'Write JavaScript' },
    ts: { type: 'boolean', describe: 'Write TypeScript (default)' },
    deploy: {
      type: 'array',
      string: true,
      describe: 'Add what runs the agents elsewhere: systemd, docker, ansible; separated by commas, or repeated',
    },
    install: { type: 'boolean', describe: 'Install the packages (default for a new project)' },
    'no-install': { type: 'boolean', describe: 'Do not install the packages' },
    yes: { type: 'boolean', describe: 'Ask nothing, and take the defaults' },
    json: { type: 'boolean', describe: 'Print results as JSON' },
  },
  examples: [
    ['my-agents', 'Asks for the language, writes my-agents/ and installs its packages'],
    ['my-agents --js --no-install', 'Writes JavaScript, asks nothing, and needs no network'],
    ['--yes', 'Takes the defaults: TypeScript, in my-agents/'],
    ['. --deploy systemd,docker', 'Adds the files of both to the project in this folder'],
  ],
  run: async (given) => (await import('./run-init.ts')).runInit({ ...given, directory: given._[0] }),
})
