/**
 * Ends a sentence about an unknown word with a question, `; did you mean "events"?`, or with nothing if no known word is
 * similar.
 */
export function didYouMean(word: string, known: readonly string[]): string {
  const found = nearest(word, known)
  return found === undefined ? '' : `; did you mean ${JSON.stringify(found)}?`
}

/** Finds the most similar known word; one letter in three may be wrong. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((candidate) => {
      const [a, b] = [plain(word), plain(candidate)]
      return { candidate, steps: stepsBetween(a, b), most: Math.floor(Math.max(a.length, b.length) / 3) }
    })
    .filter(({ steps, most }) => steps <= most)
    .sort((a, b) => a.steps - b.steps)
  return scored[0]?.candidate
}

// myJob, my_job and my-job are the same word in three spellings.
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, '')
}

/** Counts the letters to add, drop, change or swap with their neighbour that make one word the other. */
function stepsBetween(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const steps = [at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + same]
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) steps.push(at(before, j - 2) + 1)
      row.push(Math.min(...steps))
    }
    before = above
    above = row
  }
  return at(above, b.length)
}

function at(row: readonly number[], i: number): number {
  return row[i] ?? Number.POSITIVE_INFINITY
}
