/**
 * The time by the clock of a service, from the `Date` header of its answer; `now` if it has none. For times that the
 * service writes and a run compares: our clock may be years off, on a machine without a battery for it.
 */
export function serviceTime(headers: Pick<Headers, 'get'>, now: number): number {
  const date = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(date) ? now : date
}
