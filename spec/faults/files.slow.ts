import { filesSuite } from './files.ts'

filesSuite({ bytes: 1, bits: [0, 1, 2, 3, 4, 5, 6, 7], cuts: 1, random: 4000 })
