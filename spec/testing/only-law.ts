import assert from 'node:assert/strict'

/** Checks that of these laws only one fails, and that its message has all of these words. */
export async function onlyFails(
  law: string,
  laws: Readonly<Record<string, () => Promise<void>>>,
  words: readonly RegExp[],
): Promise<void> {
  for (const [name, each] of Object.entries(laws)) {
    const message = await messageOf(each)
    if (name !== law) assert.equal(message, undefined, name)
    else for (const word of words) assert.match(message ?? 'the law holds', word)
  }
}

/** Resolves to why a law fails; undefined if it holds. */
export async function messageOf(law: (() => Promise<void>) | undefined): Promise<string | undefined> {
  try {
    await law?.()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
