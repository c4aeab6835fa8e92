import { upkeepSuite } from './upkeep.ts'

upkeepSuite('copies', ['back up', 'restore'], 10, 'fast')
