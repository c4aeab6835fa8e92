import { interleavingSuite } from './interleavings.ts'

interleavingSuite(300, 'fast')
