import { stuckSuite } from './stuck.ts'

stuckSuite(1_000_000, 'slow')
