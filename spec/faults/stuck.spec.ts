import { stuckSuite } from './stuck.ts'

stuckSuite(30_000, 'fast')
