// One measurement of monitoring.ts, in a process of its own.
import { monitoredHere } from './monitoring.ts'

console.log(await monitoredHere(JSON.parse(process.argv[2] ?? '{}') as object))
