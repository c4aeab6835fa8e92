/** A quarter of an hour, in ms: where clocks are changed, they are changed at one. */
const QUARTER = 900_000

/** Shows instants as the clocks of a time zone do. */
export class ZoneClock {
  #name: string | undefined
  readonly #offsets: Intl.DateTimeFormat | undefined
  #known = { quarter: Number.NaN, offset: 0 }

  /** @param zone the IANA name of the zone; default that of the system */
  constructor(zone?: string) {
    this.#name = zone
    // Of the system's zone, a Date knows the offset, and faster.
    if (zone !== undefined)
      this.#offsets = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
  }

  /** The name of the zone: `Europe/Berlin`. */
  get name(): string {
    // Loading the data of all zones takes longer than most commands: only when asked.
    return (this.#name ??= new Intl.DateTimeFormat().resolvedOptions().timeZone)
  }

  /** The name without the region, for narrow places: `Berlin`. */
  get shortName(): string {
    return this.name.slice(this.name.lastIndexOf('/') + 1).replaceAll('_', ' ')
  }

  /** The date and the time that the clocks show: `2026-11-29T13:48:13.250`. `at`: in ms since the epoch. */
  wall(at: number): string {
    return new Date(at + this.#offset(at)).toISOString().slice(0, -1)
  }

  /** The instant in ISO 8601, with the offset of the zone: `2026-11-29T13:48:13.250+01:00`. */
  iso(at: number): string {
    const minutes = Math.round(Math.abs(this.#offset(at)) / 60_000)
    const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((each) => String(each).padStart(2, '0'))
    return `${this.wall(at)}${this.#offset(at) < 0 ? '-' : '+'}${hours}:${rest}`
  }

  // How far the clocks are ahead of UTC, in ms.
  #offset(at: number): number {
    const quarter = Math.floor(at / QUARTER)
    if (quarter !== this.#known.quarter) this.#known = { quarter, offset: this.#look(at) }
    return this.#known.offset
  }

  #look(at: number): number {
    if (this.#offsets === undefined) return -new Date(at).getTimezoneOffset() * 60_000
    const shown = this.#offsets.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign, hours = 0, minutes = 0] = /([+-])(\d\d):(\d\d)/.exec(shown) ?? []
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
  }
}
