import { damageSuite } from './damage.ts'

damageSuite(4000, 'slow')
