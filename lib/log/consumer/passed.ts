import type { Span } from '../port.ts'
import type { CursorRecord } from './consumer-store.ts'

/** Adds a span behind the others; joins it with one that ends right before it. */
export function addSpan(spans: readonly Span[], first: number, last: number): readonly Span[] {
  const before = spans.at(-1)
  if (last < first) return spans
  if (before === undefined || before[1] < first - 1) return [...spans, [first, last]]
  return [...spans.slice(0, -1), [before[0], last]]
}

/** Cuts off everything after a seq. */
function cutAfter(spans: readonly Span[], last: number): readonly Span[] {
  return spans.flatMap((span): Span[] => (span[0] > last ? [] : [[span[0], Math.min(span[1], last)]]))
}

/**
 * The spans that a consumer has passed over once it is moved to continue after `to`. Moved on, it passes over what it has
 * not been handed; moved back, it hears everything after `to`. Undefined for a consumer whose past is unknown.
 */
export function passedByMove(to: number, { cursor, beyond, again, passed }: CursorRecord): readonly Span[] | undefined {
  if (passed === undefined) return undefined
  if (to <= cursor) return cutAfter(passed, to)
  const handed = again?.until ?? 0
  const open = (beyond?.open ?? []).filter((seq) => seq > handed && seq <= to)
  const known = Math.max(cursor, beyond?.to ?? 0, handed)
  return addSpan(
    open.reduce((spans, seq) => addSpan(spans, seq, seq), passed),
    known + 1,
    to,
  )
}
