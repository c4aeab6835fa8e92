/** The first instant later than `from` that lies a whole number of periods after `anchor`. All in ms. */
export function nextOnGrid(from: number, anchor: number, period: number): number {
  // remainders before the difference: the distance of two far dates is more than a number holds exactly
  const since = modulo(modulo(from, period) - modulo(anchor, period), period)
  return from - since + period
}

function modulo(value: number, period: number): number {
  const rest = value % period
  return rest < 0 ? rest + period : rest
}
