import { nthOperationSuite } from './nth-operation.ts'

nthOperationSuite(Number.POSITIVE_INFINITY)
