import { callable, refuse } from './operand.ts'
import { type Maybe, named, type Test } from './test.ts'

type Less = [never, 0, 1, 2, 3, 4, 5]

/**
 * The paths that lead into a T: its keys and those below them, joined by dots; arrays by index (`labels.0.name`).
 * Six keys deep; below an unknown type, any string.
 */
// biome-ignore format: one case a line
export type Path<T, Depth extends number = 5> =
  unknown extends T ? string
  : [Depth] extends [never] ? never
  : T extends null | undefined | string | number | boolean ? never
  : T extends readonly (infer Item)[] ? `${number}` | `${number}.${Path<Item, Less[Depth]>}`
  : T extends object ? { [K in keyof T & string]: K | `${K}.${Path<T[K], Less[Depth]>}` }[keyof T & string]
  : never

/** The type of the value at a path, with undefined where a step of it may be missing. */
// biome-ignore format: one case a line
export type At<T, P extends string> =
  T extends null | undefined ? undefined
  // Unknown values accept any test.
  : unknown extends T ? any
  : P extends `${infer Key}.${infer Rest}` ?
    Key extends keyof T ? At<T[Key], Rest>
    : T extends readonly (infer Item)[] ? At<Item, Rest> | undefined
    : undefined
  : P extends keyof T ? T[P]
  : T extends readonly (infer Item)[] ? Item | undefined
  : undefined

/** The steps of a path, split once so that reading is only a walk. Throws a TypeError for '' and for empty steps. */
export function steps(who: string, path: unknown): readonly string[] {
  const keys = typeof path === 'string' ? path.split('.') : []
  return keys.length > 0 && !keys.includes('') ? keys : refuse(who, "a path such as 'data.title'", path)
}

/**
 * The value at a path, or undefined. Reads own properties only — event data is hostile, and `constructor`
 * or `__proto__` must not lead into the prototype — and never throws. A key that contains a dot cannot be reached.
 *
 * @example
 * ```ts
 * read({ labels: [{ name: 'bug' }] }, 'labels.0.name') // 'bug'
 * read({}, 'constructor.name') // undefined
 * ```
 */
export function read(value: unknown, path: string | readonly string[]): unknown {
  let found = value
  try {
    for (const key of typeof path === 'string' ? path.split('.') : path) {
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
      found = (found as Record<string, unknown>)[key]
    }
  } catch {
    return undefined // a getter or proxy that throws counts as missing
  }
  return found
}

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
