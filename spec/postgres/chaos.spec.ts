import { chaosOnce, failOvers, longRuns } from './chaos.ts'

chaosOnce()
longRuns(15_000)
failOvers(1)
