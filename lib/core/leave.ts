import type { Unsubscribable } from 'rxjs'

/** Unsubscribes from what is left behind: what that throws has nobody to hear it, and must not stop whoever leaves. */
export function leave(values: Unsubscribable | undefined): void {
  try {
    values?.unsubscribe()
  } catch {}
}
