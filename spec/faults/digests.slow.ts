import { digestSuite } from './digests.ts'

digestSuite(10)
