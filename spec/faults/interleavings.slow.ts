import { interleavingSuite } from './interleavings.ts'

interleavingSuite(3000, 'slow')
