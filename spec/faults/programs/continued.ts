// Opens a log, and publishes to it and prunes it until it is killed: `continued.ts DIRECTORY LIFE`. Prints the life and
// the number of each event that was accepted.
import { openLog } from '../../../lib/index.ts'

const [directory = '', life = ''] = process.argv.slice(2)
const log = await openLog(directory)
for (let n = 0; ; n++) {
  await log.accept([{ type: 'later', identifier: `${life} ${n}`, data: n }])
  process.stdout.write(`${life} ${n}\n`)
  if (n % 5 === 0) await log.prune({ count: (await log.stats()).events.count - 1000 })
}
