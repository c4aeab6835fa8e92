import { filesSuite } from './files.ts'

filesSuite({ bytes: 37, bits: [0], cuts: 199, random: 20 })
