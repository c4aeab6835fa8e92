// A job that never ends reads a source on from its place, saves that after every third line, and is killed.
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { job } from '../../../lib/job/job.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { always } from '../../../lib/schedule/index.ts'

const line = eventType('line').of<{ n: number }>()
const [directory = '', kill] = process.argv.slice(2)

const tail = job('tail', always(), async ({ publish, state }) => {
  const from = await state.get('next', 0)
  console.log(`from ${from}`)
  let last: Promise<unknown> | undefined
  for (let n = from; n < from + 10; n++) {
    last = publish(line, String(n), { n })
    state.set('next', n + 1)
    if (n % 3 === 2) await state.save()
  }
  await publish(line, 'end', { n: -1 })
  // In the second life 'end' is a duplicate, answered at once: the last line may still be on its way.
  await last
  if (kill === 'kill') process.kill(process.pid, 'SIGKILL')
  console.log('goes on')
  await new Promise(() => undefined)
})
const log = await openLog(directory)
await start(agent('tail', [tail]), { log, logger: false })
