import { upgradeSuite } from './upgrade.ts'

upgradeSuite(10, 'fast')
