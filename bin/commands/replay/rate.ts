import { UsageError } from '../../cli/errors.ts'

/** Units of time by their names, in ms. */
const UNITS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, m: 60_000, h: 3_600_000 }

/**
 * Parses a rate such as `20`, `20/s` or `10/min`; returns the time between two events, in ms.
 *
 * @throws UsageError for anything else, and for 0
 */
export function parseRate(text: string): number {
  const [, count, unit = 's'] = /^([1-9]\d{0,5})(?:\/(s|min|m|h))?$/.exec(text.trim()) ?? []
  if (count !== undefined) return (UNITS[unit] as number) / Number(count)
  throw new UsageError(`--rate must be a number of events such as 20, 20/s or 10/min, got ${JSON.stringify(text)}`)
}
