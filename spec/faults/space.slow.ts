import { backupSuite, spaceSuite } from './space.ts'

spaceSuite(100_000, 1000, 'slow')
backupSuite(50_000, 2, 'slow')
