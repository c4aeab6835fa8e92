import { handlerSuite } from './handlers.ts'

handlerSuite(50, 'slow')
