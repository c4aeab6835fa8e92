import type { Schedule } from '../../lib/schedule/index.ts'

/** What was said of slots, in ms: those that ran, and ranges of those that did not. */
export interface SlotLedger {
  readonly ran: readonly number[]
  readonly passed: readonly (readonly [first: number, last: number])[]
}

/** The ledger of log lines with these words and fields. */
export function ledgerOf(lines: Iterable<{ readonly words: string; readonly fields: object }>): SlotLedger {
  const ran: number[] = []
  const passed: [number, number][] = []
  for (const { words, fields } of lines) {
    const { slot, first, last } = fields as Record<'slot' | 'first' | 'last', string | Date>
    const ms = (at: string | Date): number => new Date(at).getTime()
    if (words === 'running job') ran.push(ms(slot))
    if (words === 'run skipped') passed.push([ms(slot), ms(slot)])
    if (words === 'slots missed') passed.push([ms(first), ms(last)])
  }
  return { ran, passed }
}

/** Each slot up to `latest` that neither ran once nor was said to pass; one that did both; one that ran twice. */
export function wrongSlots({ ran, passed }: SlotLedger, schedule: Schedule, anchor: Date, latest: Date): string[] {
  const wrong: string[] = []
  let at = schedule.next(anchor)
  for (; at !== undefined && at <= latest; at = schedule.next(at, anchor)) {
    const slot = at.getTime()
    const runs = ran.filter((each) => each === slot).length
    const said = passed.some(([first, last]) => first <= slot && slot <= last)
    if (runs + Number(said) !== 1) wrong.push(`${at.toISOString()} ran ${runs} times, said to pass: ${said}`)
  }
  return wrong
}
