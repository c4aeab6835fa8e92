/** `didYouMean` of the engine, loaded on demand: help and most mistakes do not need the engine. */
export async function didYouMean(word: string, known: readonly string[]): Promise<string> {
  const engine = await import('../../lib/index.ts')
  return engine.didYouMean(word, known)
}
