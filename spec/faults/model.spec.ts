import { modelSuite } from './model.ts'

modelSuite(100, 'fast')
