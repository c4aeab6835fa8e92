import type { Measured } from './results.ts'

/**
 * One line of a table: what is measured, its reference, and the goal. Both give a rate, in events (or starts of a
 * process) a second. They run in turns, and `figure` derives a number from the two rates.
 */
export interface Case {
  readonly name: string
  readonly against: string
  readonly hope: string
  readonly figure: Figure
  ours(): Promise<number>
  reference(): Promise<number>
}

/** A number derived from two rates, and how it is printed. */
export interface Figure {
  readonly unit: string
  of(ours: number, reference: number): number
}

export const speed: Figure = { unit: '×', of: (ours, reference) => ours / reference }
export const time: Figure = { unit: '× the time', of: (ours, reference) => reference / ours }
export const added: Figure = { unit: 'µs an event', of: (ours, reference) => 1e6 / ours - 1e6 / reference }

/** Measures a case in turns with its reference. */
export async function measure(
  { name, against, hope, figure, ours, reference }: Case,
  rounds: number,
): Promise<Measured> {
  const pairs: { ours: number; reference: number }[] = []
  for (let round = 0; round < rounds; round++) {
    // In turns, each first in every other round, so that other load on the machine affects both.
    const first = round % 2 === 0
    const before = first ? await ours() : await reference()
    const after = first ? await reference() : await ours()
    pairs.push(first ? { ours: before, reference: after } : { ours: after, reference: before })
  }
  const value = median(pairs.map((pair) => figure.of(pair.ours, pair.reference)))
  return {
    name,
    against,
    hope,
    figure: `${value.toFixed(2)} ${figure.unit}`,
    ours: median(pairs.map((pair) => pair.ours)),
    reference: median(pairs.map((pair) => pair.reference)),
  }
}

/** The value that this share of the numbers does not exceed. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number
}

function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

/** The columns of measured cases that fit on a terminal. */
export function shown(measured: readonly Measured[]): readonly object[] {
  return measured.map(({ name, figure, hope, ours, reference }) => ({
    name,
    figure,
    hope,
    ours: Math.round(ours),
    reference: Math.round(reference),
  }))
}
