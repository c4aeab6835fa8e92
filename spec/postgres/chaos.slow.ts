import { chaosSuite, longRuns } from './chaos.ts'

chaosSuite(Number(process.env['TIDINGS_RUNS'] ?? 20), 30_000)
longRuns(60_000)
