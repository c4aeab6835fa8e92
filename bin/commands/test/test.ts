import { command } from '../../cli/command.ts'
import { common, memory, running } from '../../cli/options.ts'

export const test = command({
  summary:
    'Try a job, a listener, or both. The listener receives each event once; published events are kept for the next trial. With FILE, they go by their names, also those that a function or a stream has made.',
  takes: ['[FILE]'],
  options: {
    job: {
      alias: 'j',
      type: 'string',
      describe: 'Run this job: FILE.EXPORT, FILE.ts#EXPORT, of a stream FILE.ts#STREAM.JOB, or with FILE its name',
    },
    listener: { alias: 'l', type: 'string', describe: 'Deliver new events to this listener, named alike' },
    'emit-type': { alias: 't', type: 'string', describe: 'Deliver stored events of this type again' },
    'emit-id': { alias: 'i', type: 'string', describe: 'Deliver stored events with this identifier again (also -id)' },
    'rm-db': { alias: 'r', type: 'boolean', describe: 'Remove the log first' },
    dry: { type: 'boolean', describe: 'Only show what the handler would be called with: stores nothing' },
    record: {
      type: 'string',
      describe: 'Write what the run asks of services and programs, and the answers, to this file',
    },
    fixture: { type: 'string', describe: 'Answer from such a file, without network, programs and secrets' },
    ...memory,
    ...running,
    ...common,
    db: { alias: 'db-file', type: 'string', describe: 'Folder of the log, instead of .tidings/test' },
  },
  examples: [
    ['-j example.myJob', 'Runs myJob of example.ts'],
    ['-j example.myJob -l example.myListener', 'Runs it, and delivers new events to myListener'],
    ['home.ts -j poll_a -l mail', 'Finds them by name in the agent of home.ts'],
    ['-l example.myListener -t my_event_type', 'Delivers stored events to myListener, without a job'],
    ['-r -j example.myJob', 'Removes all events first, so that there are no duplicates'],
    ['-m -j example.myJob -l example.myListener', 'Stores nothing on disk'],
    ['-m -j example.myJob --record my.fixture.json', 'Keeps the answers of the services, without secrets'],
    ['-m -j example.myJob --fixture my.fixture.json', 'Runs on these answers, without network'],
  ],
  failsIf: 'the job or a delivery failed',
  // The Python agent's spelling, which would otherwise parse as -i with the value d.
  rewrite: (args) => args.map((each) => each.replace(/^-id(?=$|=)/, '--emit-id')),
  run: async (given) => (await import('./try-parts.ts')).tryParts({ ...given, file: given._[0] }),
})
