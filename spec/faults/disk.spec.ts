import { diskSuite } from './disk.ts'

diskSuite(1, 'fast')
