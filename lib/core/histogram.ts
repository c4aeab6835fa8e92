/** Numbers by size: how many were at most each bound, and their sum. Plain numbers, so that counting costs nothing. */
export class Histogram {
  /** The upper bounds of the buckets, rising. */
  readonly bounds: readonly number[]
  /** How many numbers fell into each bucket; the last one holds those above all bounds. */
  readonly buckets: number[]
  /** The sum of all numbers. */
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.buckets = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  /** Counts one number. */
  observe(value: number): void {
    let at = 0
    while (at < this.bounds.length && value > (this.bounds[at] as number)) at += 1
    this.buckets[at] = (this.buckets[at] as number) + 1
    this.sum += value
  }

  /** Adds the numbers of another histogram with the same bounds. */
  merge({ buckets, sum }: Histogram): void {
    for (const [at, count] of buckets.entries()) this.buckets[at] = (this.buckets[at] as number) + count
    this.sum += sum
  }
}
