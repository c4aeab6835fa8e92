import { slotModelSuite } from './slot-model.ts'

slotModelSuite(30, 'fast')
