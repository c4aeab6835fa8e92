import { backupSuite, spaceSuite } from './space.ts'

spaceSuite(20_000, 1000, 'fast')
backupSuite(10_000, 1, 'fast')
