import { chaosSuite, failOvers, longRuns } from './chaos.ts'

const rounds = Number(process.env['TIDINGS_RUNS'] ?? 20)
chaosSuite(rounds, 30_000)
longRuns(60_000)
failOvers(Math.min(rounds, 10))
