import { AsyncLocalStorage } from 'node:async_hooks'

const hour = new AsyncLocalStorage<number>()

/** While `withFixedDate` runs: the original Date and its replacement. */
let dates: { readonly real: DateConstructor; readonly shown: DateConstructor } | undefined
let users = 0

/**
 * Runs `work` at this hour (ms since the epoch): in `work`, and in everything that it starts, `Date` is frozen at that
 * time. This detects code that reads the clock directly instead of through its context. The rest of the process keeps
 * its time.
 */
export async function withFixedDate<T>(now: number, work: () => Promise<T>): Promise<T> {
  users += 1
  if (dates === undefined) {
    dates = { real: globalThis.Date, shown: dateAtHour(globalThis.Date) }
    globalThis.Date = dates.shown
  }
  try {
    return await hour.run(now, work)
  } finally {
    users -= 1
    if (users === 0) restore()
  }
}

function restore(): void {
  // If other code has replaced this Date meanwhile, that code restores its own.
  if (dates !== undefined && globalThis.Date === dates.shown) globalThis.Date = dates.real
  dates = undefined
}

function dateAtHour(real: DateConstructor): DateConstructor {
  const now = (): number => hour.getStore() ?? real.now()
  return new Proxy(real, {
    construct: (target, given, self) => Reflect.construct(target, given.length === 0 ? [now()] : given, self) as object,
    apply: (target) => new target(now()).toString(),
    get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
  })
}
