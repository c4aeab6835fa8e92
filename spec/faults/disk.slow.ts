import { diskSuite } from './disk.ts'

diskSuite(10, 'slow')
