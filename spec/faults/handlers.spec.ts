import { handlerSuite } from './handlers.ts'

handlerSuite(3, 'fast')
