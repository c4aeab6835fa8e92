import { createRequire } from 'node:module'
import type * as FastCheck from 'fast-check'

/**
 * The package fast-check, an optional peer: only `tidings/testing` needs it. A static import would fail before any code
 * runs, with an error that names no remedy. `require` works in programs of both module systems, unlike an awaited
 * import; it may load another copy than the user's, whose values work together.
 *
 * @throws Error when fast-check is not installed
 */
export const fc: typeof FastCheck = load()

function load(): typeof FastCheck {
  try {
    return createRequire(import.meta.url)('fast-check') as typeof FastCheck
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw cause
    const remedy = 'install it beside tidings: npm install --save-dev fast-check'
    throw new Error(`tidings/testing needs the package fast-check; ${remedy}`, { cause })
  }
}
