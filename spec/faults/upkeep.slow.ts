import { upkeepSuite } from './upkeep.ts'

upkeepSuite('upkeep', ['prune', 'compact'], 100, 'slow')
upkeepSuite('copies', ['back up', 'restore'], 100, 'slow')
