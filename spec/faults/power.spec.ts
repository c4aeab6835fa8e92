import { powerSuite } from './power.ts'

powerSuite(40, 'fast')
