/** As `didYouMean` of the engine, which is loaded for it: help and most mistakes do without. */
export async function didYouMean(word: string, known: readonly string[]): Promise<string> {
  const engine = await import('../../lib/index.ts')
  return engine.didYouMean(word, known)
}
