import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as rxjs from 'rxjs'
import { operatorsIn, UNKNOWN } from '../../../lib/agent/inspect/pipe-operators.ts'
import { where } from '../../../lib/filter/where.ts'
import { changed, digest } from '../../../lib/filters.ts'
import type { AnyOperator } from '../../../lib/listener/on.ts'

const names = (operator: unknown): readonly string[] => operatorsIn(operator as AnyOperator)
const untouched = (): never => assert.fail('a function of the user was called')

describe('operatorsIn', () => {
  const known: readonly (readonly [unknown, ...string[]])[] = [
    [rxjs.map(untouched), 'map'],
    [rxjs.filter(untouched), 'filter'],
    [rxjs.tap(untouched), 'tap'],
    [rxjs.mergeMap(untouched), 'mergeMap'],
    [rxjs.distinct(untouched), 'distinct'],
    [rxjs.distinctUntilChanged(untouched), 'distinctUntilChanged'],
    [rxjs.distinctUntilKeyChanged('a' as never), 'distinctUntilChanged'],
    [rxjs.debounce(untouched), 'debounce'],
    [rxjs.debounceTime(20), 'debounceTime'],
    [rxjs.throttleTime(20), 'throttle'],
    [rxjs.auditTime(20), 'audit'],
    [rxjs.sampleTime(20), 'sample'],
    [rxjs.scan(untouched, 0), 'scanInternals'],
    [rxjs.count(), 'scanInternals'],
    [rxjs.pairwise(), 'pairwise'],
    [rxjs.bufferCount(2), 'bufferCount'],
    [rxjs.bufferTime(20), 'bufferTime'],
    [rxjs.windowCount(2), 'windowCount'],
    [rxjs.groupBy(untouched), 'groupBy'],
    [rxjs.take(2), 'take'],
    [rxjs.takeWhile(untouched), 'takeWhile'],
    [rxjs.skip(1), 'skip'],
    [rxjs.skip(60), 'skip'],
    [rxjs.skipLast(1), 'skipLast'],
    [rxjs.first(), 'take', 'throwIfEmpty'],
    [rxjs.elementAt(1), 'filter', 'take', 'throwIfEmpty'],
    [rxjs.timeInterval(), 'timeInterval'],
    [where(untouched), 'where'],
    [changed(untouched), 'memory'],
    [digest({ size: 2 }), 'memory'],
    [rxjs.pipe(rxjs.map(untouched), rxjs.pairwise(), rxjs.tap(untouched)), 'map', 'pairwise', 'tap'],
  ]
  for (const [operator, ...expected] of known) {
    it(`names ${expected.join(', ')}, without calling a function of the user`, () =>
      assert.deepEqual(names(operator), expected))
  }

  it('does not know an operator of the user, but those beside it', () => {
    const twice = (source: rxjs.Observable<unknown>): rxjs.Observable<unknown> =>
      new rxjs.Observable((subscriber) => source.subscribe(subscriber))
    assert.deepEqual(names(twice), [UNKNOWN])
    assert.deepEqual(names(rxjs.pipe(rxjs.tap(untouched), twice, rxjs.pairwise())), ['tap', UNKNOWN, 'pairwise'])
    assert.deepEqual(
      names(() => rxjs.EMPTY),
      [UNKNOWN],
    )
    assert.deepEqual(names(untouched), [UNKNOWN])
    assert.deepEqual(
      names(() => 'nothing'),
      [UNKNOWN],
    )
  })

  it('takes no filter of the user for skip, even one that looks at no value', () => {
    let n = 0
    const filters = [
      () => true,
      () => false,
      () => n++ > 3,
      (_: unknown, i: number) => i < 3,
      () => Math.random() < 0.5,
    ]
    for (const test of filters) assert.deepEqual(names(rxjs.filter(test)), ['filter'], String(test))
  })

  it('leaves the stacks of errors as they were', () => {
    const { prepareStackTrace, stackTraceLimit } = Error
    names(rxjs.pairwise())
    assert.deepEqual([Error.prepareStackTrace, Error.stackTraceLimit], [prepareStackTrace, stackTraceLimit])
  })
})
