import { damageSuite } from './damage.ts'

damageSuite(40, 'fast')
