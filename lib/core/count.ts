/** Whether a value is a whole number that is exact as a double, and not below `least`. */
export function isCount(value: unknown, least = 0): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least
}
