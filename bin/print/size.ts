const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Formats bytes in a few digits: `999 B`, `1.2 MB`, `12 GB`. */
export function size(bytes: number): string {
  let amount = Math.max(0, bytes)
  let unit = 0
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000
    unit += 1
  }
  return `${amount < 9.95 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`
}

/** Parses a size such as `2GB` or `500 kB` into bytes; undefined if it is invalid. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?b)$/i.exec(text.trim()) ?? []
  const power = UNITS.findIndex((each) => each.toLowerCase() === unit.toLowerCase())
  const bytes = amount === undefined || power < 0 ? Number.NaN : Math.round(Number(amount) * 1000 ** power)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
