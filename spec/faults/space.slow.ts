import { backupSuite, spaceSuite } from './space.ts'

spaceSuite(100_000, 1000, 'slow')
backupSuite(200_000, 3, 'slow')
