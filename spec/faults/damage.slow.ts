import { damageSuite } from './damage.ts'

damageSuite(400, 'slow')
