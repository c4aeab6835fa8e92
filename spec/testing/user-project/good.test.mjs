import { test } from 'node:test'
import { streamLaws } from 'tidings/testing'
import { good, service } from './shop.mjs'

for (const [name, law] of Object.entries(streamLaws(good, service))) test(name, law)
