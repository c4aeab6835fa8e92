import { test } from 'node:test'
import { agentLaws, listenerLaws, pipeLaws, streamLaws } from 'tidings/testing'
import { circle, events, forgetful, keyless, losing, positional, service, timed, truncated, world } from './shop.mjs'

const law = (stream, name) => streamLaws(stream, service)[name]

test('positional', law(positional, 'an identifier does not depend on the hour, the order or the page'))
test('timed', law(timed, 'an identifier does not depend on the hour, the order or the page'))
test('truncated', law(truncated, 'distinct happenings never share an identifier'))
test('losing', law(losing, 'polls that overlap lose nothing and repeat nothing'))
test('forgetful', pipeLaws(forgetful, { events })['a restart between two events changes nothing'])
test('keyless', listenerLaws(keyless, { events, world })['an event that is handled twice counts once'])
test('circle', agentLaws(circle, { events })['no event leads to itself again'])
