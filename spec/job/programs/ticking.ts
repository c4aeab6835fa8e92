// Runs a job every 100 ms, and prints when it was first seen and then each line of its log, until it is told to end.
import { agent, every, type JobOptions, job, memoryLog, start } from '../../../lib/index.ts'

const [missed] = process.argv.slice(2) as [NonNullable<JobOptions['missed']>]
const print = (fields: object, words: string): void => console.log(JSON.stringify({ words, fields }))
const logger = { debug: () => undefined, info: print, warn: print, error: print }
const tick = job('tick', every('100ms'), () => undefined, { missed })

const log = await memoryLog()
const running = await start(agent('ticking', [tick]), { log, logger })
const record = await log.store('tidings/jobs').get('tick')
console.log(JSON.stringify({ words: 'first seen', fields: record?.value }))
process.once('SIGTERM', () => void running.stop().then(() => log.close()))
