import { chaosOnce, longRuns } from './chaos.ts'

chaosOnce()
longRuns(15_000)
