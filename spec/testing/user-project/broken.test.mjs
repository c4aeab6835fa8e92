import { test } from 'node:test'
import { streamLaws } from 'tidings/testing'
import { losing, positional, service, timed, truncated } from './shop.mjs'

const law = (stream, name) => streamLaws(stream, service)[name]

test('positional', law(positional, 'an identifier does not depend on the hour, the order or the page'))
test('timed', law(timed, 'an identifier does not depend on the hour, the order or the page'))
test('truncated', law(truncated, 'distinct happenings never share an identifier'))
test('losing', law(losing, 'polls that overlap lose nothing and repeat nothing'))
