import { filesSuite } from './files.ts'

filesSuite({ bytes: 17, bits: [0], cuts: 97 })
