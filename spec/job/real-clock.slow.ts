import { realClockSuite } from './real-clock.ts'

realClockSuite(60_000, 5000, ['once', 'skip', 'all'])
