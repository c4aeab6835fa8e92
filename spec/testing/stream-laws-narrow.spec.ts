import { brokenSuite } from './broken-suite.ts'
import { narrowMistakes } from './stream-mistakes.ts'

brokenSuite(narrowMistakes)
