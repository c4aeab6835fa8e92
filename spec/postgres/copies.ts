import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { keys } from '../../lib/level/format/keys.ts'
import { keptIn } from '../level/full-log.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import type { Cluster } from './cluster.ts'

/** Where a log is copied from, to and back. */
export type CopyPlaces = Readonly<Record<'from' | 'server' | 'back' | 'schema', string>>

let made = 0

export function copyPlaces(t: TestContext, cluster: Cluster): CopyPlaces {
  const root = temporaryDirectory(t)
  const schema = `copy_${(made += 1)}`
  return {
    from: join(root, 'from'),
    server: `${cluster.address}&schema=${schema}`,
    back: join(root, 'back'),
    schema,
  }
}

// PostgreSQL does not store when a log was made, nor how old a pruned event is, nor what was forgotten after that.
export async function comparable(directory: string): Promise<Readonly<Record<string, unknown>>> {
  const { m: meta = '', ...records } = await keptIn(directory)
  const { created: _, ...rest } = JSON.parse(meta.slice(8)) as Record<string, unknown>
  for (const key of [keys.identity('plain', 'pruned and forgotten'), keys.identityAlone('pruned and forgotten')])
    delete (records as Record<string, unknown>)[key]
  const known = Object.entries(records).filter(([key]) => !key.startsWith('d'))
  return { ...Object.fromEntries(known), meta: rest }
}
