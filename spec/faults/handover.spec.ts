import { handoverSuite } from './handover.ts'

handoverSuite(10, 'fast')
