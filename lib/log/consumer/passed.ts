import type { Span } from '../port.ts'
import type { CursorRecord } from './consumer-store.ts'

/** Adds a span behind the others; joins it with one that ends right before it. */
export function addSpan(spans: readonly Span[], first: number, last: number): readonly Span[] {
  const before = spans.at(-1)
  if (last < first) return spans
  if (before === undefined || before[1] < first - 1) return [...spans, [first, last]]
  return [...spans.slice(0, -1), [before[0], last]]
}

/** The parts of spans from `first` to `last`. */
function within(spans: readonly Span[], first: number, last: number): readonly Span[] {
  return spans
    .map((span): Span => [Math.max(span[0], first), Math.min(span[1], last)])
    .filter(([from, to]) => from <= to)
}

/**
 * The spans that a consumer has passed over once it is moved to continue after `to`: what it was never handed, up to
 * there. `unheard`: what it was never handed of the events that it then hears as a replay. Undefined for a consumer whose
 * past is unknown.
 */
export function passedByMove(
  to: number,
  record: CursorRecord,
): { readonly passed?: readonly Span[]; readonly unheard?: readonly Span[] } {
  const { cursor, again, passed } = record
  if (passed === undefined) return {}
  const never = [...passed, ...unheardAhead(record)]
    .sort(([a], [b]) => a - b)
    .reduce<readonly Span[]>((spans, [first, last]) => addSpan(spans, first, last), [])
  const unheard = within(never, to + 1, Math.max(cursor, again?.until ?? 0))
  return { passed: within(never, 1, to), ...(unheard.length === 0 ? {} : { unheard }) }
}

// What it was never handed after its cursor, to the end of time.
function unheardAhead({ cursor, beyond, again }: CursorRecord): readonly Span[] {
  const replayed = again?.until ?? 0
  const to = beyond?.to ?? cursor
  const open = beyond?.open ?? []
  const wasHeard = (seq: number): boolean =>
    seq <= replayed && again?.unheard?.some(([first, last]) => first <= seq && seq <= last) !== true
  return [
    ...open.filter((seq) => !wasHeard(seq)).map((seq): Span => [seq, seq]),
    ...within(again?.unheard ?? [], to + 1, replayed),
    [Math.max(to, replayed) + 1, Number.POSITIVE_INFINITY],
  ]
}
