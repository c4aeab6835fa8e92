import { TidingsError } from '../../lib/index.ts'

/**
 * Imports a package that is not installed with Tidings, because only this stream or handler needs it.
 *
 * @param user the stream or handler, for the error: `'stream github'`
 * @param packages everything to install, in the order of the command
 * @throws TidingsError `TIDINGS_PACKAGE_MISSING`, which says what to install
 */
export async function optionalPackage<M>(
  user: string,
  packages: readonly string[],
  load: () => Promise<M>,
): Promise<M> {
  try {
    return await load()
  } catch (cause) {
    const missing = /^Cannot find (?:package|module) '([^']+)'/.exec((cause as Error).message)?.[1]
    const code = (cause as { readonly code?: unknown }).code
    const ours = packages.some((name) => missing === name || missing?.startsWith(`${name}/`))
    if ((code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') || !ours) throw cause
    const words = `${user} needs ${packages.join(', ')}: npm install ${packages.join(' ')}`
    throw new TidingsError('TIDINGS_PACKAGE_MISSING', words, { cause, details: { packages } })
  }
}
