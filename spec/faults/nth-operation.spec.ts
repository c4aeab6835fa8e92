import { nthOperationSuite } from './nth-operation.ts'

nthOperationSuite(6)
