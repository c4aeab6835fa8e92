import { handoverSuite } from './handover.ts'

handoverSuite(500, 'slow')
