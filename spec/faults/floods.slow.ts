import { floodSuite } from './floods.ts'

floodSuite(1)
