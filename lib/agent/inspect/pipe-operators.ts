import { Observable } from 'rxjs'
import { predicateOf } from '../../filter/where.ts'
import { memoryOf } from '../../listener/memory/memory-filter.ts'
import type { AnyOperator } from '../../listener/on.ts'

/*
 * Finds out which rxjs operators a pipe is made of, without an event, since an event would run the user's functions.
 *
 * An operator is an opaque function. But when a pipe is subscribed, each of its operators subscribes to the one before
 * it, so at its source they all stand on the stack, the nearest first, each in the file that rxjs has for it:
 *
 *     on(…).pipe(map(f), debounceTime(20))      →  source ← operators/map.js ← operators/debounceTime.js ← here
 *
 * The source emits nothing, and the subscription ends at once. A frame that belongs neither to rxjs nor to this file is
 * an operator of the user's own. Where stacks look different, such as with a bundled rxjs, all operators are unknown.
 */

/** An operator that is not one of rxjs. */
export const UNKNOWN = 'unknown'

/** The operators that an operator is made of, in order: names of rxjs files such as `debounceTime`, `where` and
 * `memory` for those of this package, or `UNKNOWN`. */
export function operatorsIn(operator: AnyOperator): readonly string[] {
  if (predicateOf(operator) !== undefined) return ['where']
  if (memoryOf(operator) !== undefined) return ['memory']
  let files: readonly string[] | undefined
  const source = new Observable<unknown>(() => {
    files ??= filesOnStack()
  })
  try {
    operator(source)
      .subscribe({ error: () => undefined })
      .unsubscribe()
  } catch {
    return [UNKNOWN]
  }
  const names = (files ?? []).flatMap(nameOf)
  // One operator may have several frames.
  const once = names.filter((name, i) => name !== names[i - 1])
  return once.length === 0 || files === undefined ? [UNKNOWN] : skipsByIndex(operator, once) ? ['skip'] : once
}

/** The files of the frames between the source and the subscription to the pipe, the source's side first. */
function filesOnStack(): readonly string[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  let files: readonly string[] = []
  try {
    Error.stackTraceLimit = Number.POSITIVE_INFINITY
    Error.prepareStackTrace = (_, sites) => {
      files = sites.map((site) => site.getFileName() ?? '')
      return ''
    }
    void new Error().stack
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
  const [own = ''] = files
  const from = files.findIndex((file) => file !== own)
  const to = files.indexOf(own, from)
  return from < 0 || to < 0 ? [] : files.slice(from, to)
}

function nameOf(file: string): readonly string[] {
  if (file === '' || file.startsWith('node:')) return []
  const [, name] = /[\\/]rxjs[\\/].*[\\/]operators[\\/](\w+)\.\w+$/.exec(file) ?? []
  if (name !== undefined) return HELPERS.has(name) ? [] : [name]
  return /[\\/]rxjs[\\/]/.test(file) ? [] : [UNKNOWN]
}

/** Files beside the operators that several of them are made with. */
const HELPERS = new Set(['OperatorSubscriber', 'mergeInternals'])

/** How many values are tried. */
const TRIED = 64

/**
 * Whether an operator is rxjs's `skip`, which is made of `filter`. Unlike a filter of the user's it leaves out the first
 * values and passes the others without a look at any: each value here fails when it is looked at.
 */
function skipsByIndex(operator: AnyOperator, names: readonly string[]): boolean {
  if (names.length !== 1 || names[0] !== 'filter') return false
  const [first, second] = [passedBy(operator), passedBy(operator)]
  const from = first?.indexOf(true) ?? 0
  return from > 0 && first?.slice(from).every(Boolean) === true && String(first) === String(second)
}

/** Which of the values pass; undefined if one is looked at. */
function passedBy(operator: AnyOperator): readonly boolean[] | undefined {
  const passed = Array<boolean>(TRIED).fill(false)
  let failed = false
  const values = Array.from({ length: TRIED }, untouchable)
  const source = new Observable<unknown>((subscriber) => {
    for (const value of values) subscriber.next(value)
  })
  operator(source)
    .subscribe({ next: (value) => (passed[values.indexOf(value as object)] = true), error: () => (failed = true) })
    .unsubscribe()
  return failed ? undefined : passed
}

function untouchable(): object {
  const refuse = (): never => {
    throw new Error('an event that is not there was looked at')
  }
  return new Proxy(
    {},
    { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse },
  )
}
