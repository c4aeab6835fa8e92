/** `1 event`, `2 events`, `no events`; `many` is an irregular plural. */
export function some(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `1 ${one}` : `${count === 0 ? 'no' : count} ${many}`
}
