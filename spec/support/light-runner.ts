import { createHook } from 'node:async_hooks'
import { createRequire } from 'node:module'

/*
 * Node 20's test runner watches every promise of the process, to know the test that each belongs to: that takes a third
 * of the time of most specs, and two thirds where there are very many promises. What it needs this for is an `it` inside
 * of a `describe`. So here it watches while a `describe` is called, and not while tests run. There is one difference: an
 * error that nothing catches fails the file, not the test.
 */

interface Hook {
  enable(): Hook
  disable(): Hook
}

let watch: { on(): unknown; off(): unknown } | undefined
let depth = 0

function lighten(): void {
  const prototype = Object.getPrototypeOf(createHook({})) as Hook
  const { enable } = prototype
  prototype.enable = function (this: Hook) {
    // Others call this within tests, such as the first `AsyncLocalStorage` that is used.
    const [, , caller = ''] = new Error('who calls').stack?.split('\n') ?? []
    if (!caller.includes('node:internal/test_runner/harness')) return enable.call(this)
    // Without this, each promise is also watched until it is collected.
    for (const name of Object.getOwnPropertySymbols(this))
      if (name.description === 'destroy') Reflect.set(this, name, undefined)
    watch = { on: () => enable.call(this), off: () => this.disable() }
    if (depth > 0) watch.on()
    return this
  }
  const watched =
    <A extends readonly unknown[], R>(describe: (...args: A) => R) =>
    (...args: A): R => {
      if (depth === 0) watch?.on()
      depth += 1
      try {
        return describe(...(args.map(atOnce) as unknown as A))
      } finally {
        depth -= 1
        if (depth === 0) watch?.off()
      }
    }
  const runner = createRequire(import.meta.url)('node:test') as Record<string, (...args: unknown[]) => unknown>
  for (const name of ['describe', 'suite']) {
    const describe = runner[name]
    if (describe === undefined) continue
    const variants = Object.entries(describe).map(([key, each]) => [key, watched(each as typeof describe)])
    runner[name] = Object.assign(watched(describe), Object.fromEntries(variants))
  }
}

/** Later, an `it` would not find its `describe`, and would not run. */
function atOnce(define: unknown): unknown {
  if (typeof define !== 'function') return define
  return function (this: unknown, ...args: unknown[]): void {
    if (Reflect.apply(define, this, args) !== undefined) throw new Error('a describe() must define its tests at once')
  }
}

// Before anything imports node:test, which then has the changed functions.
if (process.version.startsWith('v20.')) lighten()
