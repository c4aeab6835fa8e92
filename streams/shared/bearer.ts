import type { JobContext } from '../../lib/index.ts'

/** The header of a token, which is read by the name of its secret; none without a name. */
export function bearer({ secret }: Pick<JobContext, 'secret'>, token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${secret(token)}` }
}
