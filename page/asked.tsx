import { useEffect, useRef } from 'preact/hooks'
import { onBatch } from './live.ts'
import { useOwn } from './own.ts'
import { line } from './text.ts'
import type { Batch } from './types.ts'

/** The answer to a question that a view asks again and again. The last answer stays while the next is on its way. */
export interface Asked<T> {
  /** Undefined until the first answer. */
  readonly value: T | undefined
  /** Why the last question failed; undefined if it did not. */
  readonly error: string | undefined
  /** Asks now. */
  again(): void
}

/** When to ask again. */
interface When {
  /** How often, in ms, while the page is visible. */
  readonly every?: number
  /** Whether a batch may have changed the answer. */
  readonly on?: (batch: Batch) => boolean
  /** How far apart such questions are at least, in ms; default 1 s. */
  readonly apart?: number
}

/** Asks now, whenever `key` changes, and when the answer may have changed. */
export function useAsked<T>(
  ask: () => Promise<T>,
  key: string,
  { every = 30_000, on, apart = 1000 }: When = {},
): Asked<T> {
  const value = useOwn<T | undefined>(undefined)
  const error = useOwn<string | undefined>(undefined)
  const asking = useRef({ ask, on, again: (): void => undefined })
  asking.current.ask = ask
  asking.current.on = on
  useEffect(() => {
    let [isOver, isBusy, isDue] = [false, false, false]
    let askedAt = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const later = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(() => void again(), ms)
    }
    async function again(): Promise<void> {
      if (isOver) return
      isDue = true
      if (isBusy || document.visibilityState !== 'visible') return
      ;[isBusy, isDue, askedAt] = [true, false, Date.now()]
      try {
        const answer = await asking.current.ask()
        if (!isOver) [value.value, error.value] = [answer, undefined]
      } catch (failure) {
        if (!isOver) error.value = (failure as Error).message
      }
      isBusy = false
      if (!isOver) later(isDue ? Math.max(0, askedAt + apart - Date.now()) : every)
    }
    value.value = undefined
    error.value = undefined
    const soon = (batch: Batch): void => {
      if (!batch.resync && asking.current.on?.(batch) !== true) return
      isDue = true
      if (!isBusy) later(Math.max(0, askedAt + apart - Date.now()))
    }
    const shown = (): void => {
      if (document.visibilityState === 'visible') void again()
    }
    asking.current.again = () => void again()
    const unhear = onBatch(soon)
    document.addEventListener('visibilitychange', shown)
    void again()
    return () => {
      isOver = true
      clearTimeout(timer)
      unhear()
      document.removeEventListener('visibilitychange', shown)
    }
  }, [key])
  return { value: value.value, error: error.value, again: () => asking.current.again() }
}

/** What stands where an answer is missing: that it is on its way, or why it does not come. */
export function Missing({ asked }: { readonly asked: Asked<unknown> }) {
  if (asked.error !== undefined)
    return (
      <p class="error">
        {line(asked.error, 1000)} <button onClick={asked.again}>ask again</button>
      </p>
    )
  return asked.value === undefined ? <p class="quiet">asking …</p> : undefined
}
