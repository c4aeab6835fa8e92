import { digestSuite } from './digests.ts'

digestSuite(3)
