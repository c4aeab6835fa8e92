// Opens the log in a directory, accepts one new event, waits until the log is idle, and prints how long
// opening and accepting took in ms, and how much memory it uses then. Started by growth.ts, with `--expose-gc`.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../../lib/index.ts'
import { draft } from './workload.ts'

const [, , directory = '', next = '0'] = process.argv

await import('level')
const before = anonymous()
const began = performance.now()
const log = await openLog(directory)
await log.accept([draft(Number(next))])
const reopened = performance.now() - began
await sleep(3000)
const memory = anonymous() - before
console.log(JSON.stringify({ reopened, memory }))
await log.close()

/** RssAnon, which leaves out the tables that LevelDB maps. */
function anonymous(): number {
  globalThis.gc?.()
  const [, kilobytes = '0'] = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
