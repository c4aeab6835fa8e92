import { memoryModelSuite } from './memory-model.ts'

memoryModelSuite(30, 'fast')
