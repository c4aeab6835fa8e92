import { brand } from '../../core/brand.ts'
import type { Logger } from '../../core/logger.ts'
import type { Job } from '../../job/job.ts'
import type { Listener } from '../../listener/listener.ts'

/**
 * Drops `formerly` from parts whose older name another part of the agent has, with a warning: what the log keeps under
 * that name belongs to the other part. Taken over, it would be lost to a part that runs.
 */
export function withFreeFormerNames<P extends Job | Listener>(
  kind: 'job' | 'listener',
  added: readonly P[],
  present: readonly { readonly name: string }[],
  logger: Logger,
): readonly P[] {
  const names = new Set([...present, ...added].map(({ name }) => name))
  return added.map((part) => {
    const { name, settings } = part
    const { formerly, ...others } = settings
    if (formerly === undefined || formerly === name || !names.has(formerly)) return part
    logger.warn(
      { [kind]: name, formerly },
      `formerly does nothing: the agent still has a ${kind} of that name; remove it, or the option`,
    )
    return brand(kind, { ...part, settings: others })
  })
}
