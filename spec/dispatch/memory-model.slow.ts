import { memoryModelSuite } from './memory-model.ts'

memoryModelSuite(2000, 'slow')
