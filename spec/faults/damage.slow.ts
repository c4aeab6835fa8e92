import { damageSuite } from './damage.ts'

damageSuite(1200, 'slow')
