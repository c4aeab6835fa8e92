import { modelSuite } from './model.ts'

modelSuite(2000, 'slow')
