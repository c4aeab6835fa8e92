import { type Signal, signal } from '@preact/signals-core'
import { useMemo } from 'preact/hooks'

/** A signal of one component, for as long as that is on the page. */
export function useOwn<T>(value: T): Signal<T> {
  return useMemo(() => signal(value), [])
}
