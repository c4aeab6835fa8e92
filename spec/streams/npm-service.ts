import type { Draft } from '../../lib/index.ts'
import { npm } from '../../streams/npm.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** A version of a package, as the registry keeps it. */
export interface Published {
  readonly version: string
  /** When it was published, ISO 8601. */
  readonly at?: string
  readonly deprecated?: string
}

/** Answers with the full document of a package that has these versions, in this order. */
export function serve(
  versions: readonly Published[],
  tags: Readonly<Record<string, string>> = {},
): (asked: Asked) => Told {
  return ({ path }) => {
    const name = decodeURIComponent(path.slice(1))
    const dated = versions.flatMap(({ version, at }) => (at === undefined ? [] : [[version, at] as const]))
    const manifest = ({ version, deprecated }: Published) => ({
      name,
      version,
      description: 'A package for tests.',
      ...(deprecated === undefined ? {} : { deprecated }),
      dist: { tarball: `https://registry.example/${name}/-/${version}.tgz` },
    })
    return {
      body: {
        _id: name,
        name,
        'dist-tags': tags,
        versions: Object.fromEntries(versions.map((one) => [one.version, manifest(one)])),
        time: {
          created: '2020-01-01T00:00:00.000Z',
          modified: '2026-01-01T00:00:00.000Z',
          ...Object.fromEntries(dated),
        },
      },
    }
  }
}

/** The drafts of one run of the stream. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const service = await localService(
    t,
    serve([{ version: '1.2.0', at: '2026-01-02T03:04:05.678Z' }], { latest: '1.2.0' }),
  )
  return draftsOf(npm({ packages: ['@acme/tool'], baseUrl: service.url }))
}
