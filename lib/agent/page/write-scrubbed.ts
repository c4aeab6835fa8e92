/**
 * Returns what writes answers as JSON without any known secret, also where a handler's error or an event quotes one. Only
 * texts change, so the JSON stays whole.
 */
export function writeScrubbed(scrub: (text: string) => string): (value: unknown) => string {
  return (value) => {
    const text = JSON.stringify(value)
    // Most answers have none.
    return scrub(text) === text ? text : JSON.stringify(scrubbed(JSON.parse(text), scrub))
  }
}

function scrubbed(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value)
  if (Array.isArray(value)) return value.map((each) => scrubbed(each, scrub))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [scrub(name), scrubbed(each, scrub)]))
}
