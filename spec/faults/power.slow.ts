import { powerSuite } from './power.ts'

powerSuite(2000, 'slow')
