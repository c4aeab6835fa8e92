import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const prune = command({
  summary:
    'Remove old events, never one that a listener still needs. What was told is not told again, unless --identities says so. Asks, or takes --yes; the disk is free after tidings db compact.',
  takes: [],
  options: {
    age: { type: 'string', describe: 'Keep events that are not older: 90d, 12h' },
    count: { type: 'number', describe: 'Keep so many' },
    bytes: { type: 'string', describe: 'Keep so much: 500MB, 2GB, or a number of bytes' },
    identities: { type: 'string', describe: 'Forget what was told so long ago: it may be told again' },
    ...reading,
  },
  examples: [
    ['--age 90d', 'Asks, and removes what is older than 90 days'],
    ['--count 10000 --bytes 2GB --yes', 'Keeps at most 10000 events, and at most 2 GB'],
    ['--age 30d --identities 365d', 'Also forgets what was told over a year ago'],
  ],
  run: async (given) => (await import('./prune-log.ts')).pruneLog(given),
})
