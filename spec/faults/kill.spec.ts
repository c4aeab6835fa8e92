import { killSuite } from './kill.ts'

killSuite(25, 'fast')
