import { effect, signal } from '@preact/signals-core'
import { facts } from './facts.ts'
import { span } from './text.ts'

/** Which zone the times are in. */
export type Zone = 'local' | 'UTC' | 'agent'

const KEPT = 'tidings.zone'

/** The choice of the reader, kept in this browser. */
export const zone = signal<Zone>(kept())

effect(() => {
  const choice = zone.value
  try {
    localStorage.setItem(KEPT, choice)
  } catch {
    // A browser may forbid it: then the choice lasts as long as the page.
  }
})

function kept(): Zone {
  try {
    const choice = localStorage.getItem(KEPT)
    return choice === 'UTC' || choice === 'agent' ? choice : 'local'
  } catch {
    return 'local'
  }
}

/** The IANA name of a zone. */
export function zoneName(of: Zone): string {
  if (of === 'UTC') return 'UTC'
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone
  return of === 'local' ? local : (facts.value?.timezone ?? local)
}

/** The present time, in ms since the epoch: changes every second while the page is visible. */
export const now = signal(Date.now())

setInterval(() => {
  if (document.visibilityState === 'visible') now.value = Date.now()
}, 1000)

const formats = new Map<string, Intl.DateTimeFormat>()

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const timeZone = zoneName(zone.value)
  const key = timeZone + options.timeZoneName
  let made = formats.get(key)
  if (made === undefined) formats.set(key, (made = new Intl.DateTimeFormat('sv-SE', { timeZone, ...options })))
  return made.format(at)
}

/** A date and a time, as ISO 8601 writes them: so does Sweden. */
const FULL = { dateStyle: 'short', timeStyle: 'medium' } as const

/** The present day in the zone that is chosen: all that the words of a time depend on. */
export function today(): string {
  return zoneName(zone.value) + format(now.peek(), FULL).slice(0, 10)
}

/** A time: with its day if that is not today, with its year if that is another; without seconds on request. */
export function clock(at: number, { seconds = true } = {}): string {
  const [text, today] = [format(at, FULL), format(now.peek(), FULL)]
  const from = text.slice(0, 10) === today.slice(0, 10) ? 11 : text.slice(0, 4) === today.slice(0, 4) ? 5 : 0
  return text.slice(from, seconds ? 19 : 16)
}

/** The name of the zone at a time, as people write it: `CET`, `GMT+2`, `UTC`. */
export function zoneWord(at: number): string {
  // `2027-01-31 CET`
  return format(at, { timeZoneName: 'short' }).slice(11)
}

function instant(at: string | number): number {
  return typeof at === 'number' ? at : Date.parse(at)
}

/** A time, in the zone of the header, with the exact instant as title. */
export function Time({
  at,
  seconds = true,
  named = false,
}: {
  readonly at: string | number
  readonly seconds?: boolean
  /** Whether the zone stands beside it: for times that stand alone. */
  readonly named?: boolean
}) {
  const ms = instant(at)
  const iso = new Date(ms).toISOString()
  return (
    <time dateTime={iso} title={iso}>
      {clock(ms, { seconds })}
      {named && ` ${zoneWord(ms)}`}
    </time>
  )
}

/** How long ago something was, or in how long it is. */
export function Ago({ at }: { readonly at: string | number }) {
  const ms = instant(at)
  const iso = new Date(ms).toISOString()
  const away = now.value - ms
  return (
    <time dateTime={iso} title={iso}>
      {Math.abs(away) < 1000
        ? 'now'
        : away >= 0
          ? `${span(Math.floor(away / 1000) * 1000)} ago`
          : `in ${span(Math.ceil(-away / 1000) * 1000)}`}
    </time>
  )
}
