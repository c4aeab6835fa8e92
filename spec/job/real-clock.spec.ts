import { realClockSuite } from './real-clock.ts'

realClockSuite(2500, 800, ['once'])
