import { upgradeSuite } from './upgrade.ts'

upgradeSuite(100, 'slow')
