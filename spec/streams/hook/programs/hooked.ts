// Runs an agent with a hook until it is killed. Prints the endpoint's address.
import { writeSync } from 'node:fs'
import { agent, openLog, start } from '../../../../lib/index.ts'
import { hook } from '../../../../streams/hook.ts'

const [directory = ''] = process.argv.slice(2)
// In case its parent dies first.
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 60_000)
const endpoint = hook({
  port: 0,
  from: 'github',
  secret: 'GITHUB',
  listening: (url) => void writeSync(1, `${url}\n`),
})
await start(agent('hooked', [endpoint]), {
  log: await openLog(directory),
  logger: false,
  world: { secret: () => "It's a Secret to Everybody" },
})
