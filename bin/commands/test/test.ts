import { command } from '../../cli/command.ts'
import { common, memory, running } from '../../cli/options.ts'

export const test = command({
  summary:
    'Try a job, a listener, or both: each event is heard once, and what was published is kept for the next time.',
  takes: [],
  options: {
    job: { alias: 'j', type: 'string', describe: 'Run this job: FILE.EXPORT, or FILE.ts#EXPORT' },
    listener: { alias: 'l', type: 'string', describe: 'Let this listener hear what is new' },
    'emit-type': { alias: 't', type: 'string', describe: 'Tell stored events of this type again' },
    'emit-id': { alias: 'i', type: 'string', describe: 'Tell stored events of this identifier again (also -id)' },
    'rm-db': { alias: 'r', type: 'boolean', describe: 'Remove the log before' },
    ...memory,
    ...running,
    ...common,
    db: { alias: 'db-file', type: 'string', describe: 'Folder of the log, instead of .tidings/test' },
  },
  examples: [
    ['-j example.myJob', 'Runs myJob of example.ts'],
    ['-j example.myJob -l example.myListener', 'Runs it, and lets myListener hear what is new'],
    ['-l example.myListener -t my_event_type', 'Tells myListener what is stored, without a job'],
    ['-r -j example.myJob', 'Forgets all events first, so that none is a duplicate'],
    ['-m -j example.myJob -l example.myListener', 'Keeps nothing'],
  ],
  // The Python agent's spelling, which would otherwise parse as -i with the value d.
  rewrite: (args) => args.map((each) => each.replace(/^-id(?=$|=)/, '--emit-id')),
  run: async (given) => (await import('./try-parts.ts')).tryParts(given),
})
