import { slotModelSuite } from './slot-model.ts'

slotModelSuite(2000, 'slow')
