/** A line that is only in the old text (`-`), or only in the new one (`+`). */
export interface Change {
  readonly sign: '-' | '+'
  readonly line: string
}

/** The lines in which two short texts differ, in their order: those outside a longest common subsequence. */
export function changesBetween(before: string, after: string): Change[] {
  const [old, own] = [before.split('\n'), after.split('\n')]
  // common[i][j]: how many lines the rest of both texts have in common, from lines i and j on.
  const common = old.map(() => own.map(() => 0).concat(0)).concat([[...own, ''].map(() => 0)])
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = own.length - 1; j >= 0; j--) {
      const row = common[i] as number[]
      row[j] = old[i] === own[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const changes: Change[] = []
  for (let i = 0, j = 0; i < old.length || j < own.length; ) {
    if (i < old.length && j < own.length && old[i] === own[j]) [i, j] = [i + 1, j + 1]
    else if (i < old.length && (j === own.length || at(i + 1, j) >= at(i, j + 1)))
      changes.push({ sign: '-', line: old[i++] ?? '' })
    else changes.push({ sign: '+', line: own[j++] ?? '' })
  }
  return changes
}
