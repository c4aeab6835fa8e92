import { callable } from './operand.ts'
import { type At, type Path, read, steps } from './path.ts'
import { type Maybe, named, type Test } from './test.ts'

/**
 * Tests the value at a path. A missing path gives the test undefined: false, unless the test is a negation.
 *
 * @throws TypeError for an invalid path, or a test that is not a function
 *
 * @example
 * ```ts
 * import { at, some, startsWith } from 'tidings/filters'
 *
 * const isOfAnArea = some(at('name', startsWith('area/')))
 * console.log(isOfAnArea([{ name: 'bug' }, { name: 'area/log' }])) // true
 * ```
 */
export function at<V, P extends Path<V>>(path: P, test: Test<At<NoInfer<V>, P>>): Test<Maybe<V>> {
  const keys = steps('at()', path)
  const holds = callable('at()', test)
  return named('at', [path, test], (value) => holds(read(value, keys)))
}
