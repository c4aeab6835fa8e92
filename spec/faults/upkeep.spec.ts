import { upkeepSuite } from './upkeep.ts'

upkeepSuite('upkeep', ['prune', 'compact'], 10, 'fast')
