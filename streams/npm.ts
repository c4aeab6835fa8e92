import { type Draft, defineStream, eventType, type JobContext, job, TidingsError } from '../lib/index.ts'
import { describe, hasCode } from '../lib/streams.ts'
import { bearer } from './shared/bearer.ts'
import { type Answer, type HttpClient, httpClient } from './shared/http-client.ts'
import { address, flag, like, listOf, optional, optionsOf, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'
import { cut } from './shared/wire.ts'

export type { PollOptions } from './shared/poll.ts'

/** The options of the `npm` stream. */
export interface NpmOptions extends PollOptions {
  /** The packages to watch, such as `rxjs` or `@types/node`; each has a job of its own, from its name. */
  readonly packages: readonly string[]
  /** Publishes only versions that one of these tags points to, such as `latest`; default versions with and without tags. */
  readonly tags?: readonly string[]
  /** Whether versions such as `2.0.0-rc.1` are published as well; default false. With `tags`, the tags alone decide. */
  readonly prereleases?: boolean
  /** The address of the registry; default `https://registry.npmjs.org`. */
  readonly baseUrl?: string
  /** The name of a secret that is sent as `Authorization: Bearer …`, for private packages; default none. */
  readonly token?: string
}

/** The data of an `npm.version` event. */
export interface NpmVersion {
  /** The name of the package. */
  readonly name: string
  /** The version, such as `7.8.2`. */
  readonly version: string
  /** When it was published, ISO 8601 in UTC; absent for packages with more than 32 MiB of history. */
  readonly published?: string
  /** The tags that pointed to it when it was found; often `latest`, or none. */
  readonly tags: readonly string[]
  /** What the package is, in its author's words; absent if they wrote nothing. */
  readonly description?: string
  /** Why it should not be used, if its author already said so when it was found. */
  readonly deprecated?: string
}

const version = eventType('npm.version').of<NpmVersion>()

const isName = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= 214 && /^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(value)

const options = optionsOf<NpmOptions>()({
  packages: listOf(like<string>("the name of a package, such as 'rxjs' or '@types/node'", isName)),
  tags: optional(listOf(text())),
  prereleases: flag(false),
  baseUrl: address('https://registry.npmjs.org'),
  token: optional(text()),
  ...pollFields('30m'),
})

/**
 * Publishes new versions of packages in an npm registry, oldest first, each once by its name and version. What exists when
 * a package is first looked at is recorded; `backfill: 1` tells its newest version. A version that gets one of the `tags`
 * later is published then. A package that is added later has a first look of its own. Unpublished versions are left out.
 *
 * **Limits**: the public registry asks only for modest use. An unchanged package costs one request with an empty answer.
 * Publishing dates stand in the full document alone; where that is larger than 32 MiB, the short one is read instead.
 *
 * **Errors**: `TIDINGS_HTTP_FAILED` when the registry does not have the package (404), `TIDINGS_RESPONSE_INVALID` when the
 * answer does not describe a package. Each package has a job of its own: the others are not affected.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { npm } from 'tidings/streams/npm'
 *
 * const releases = npm({ packages: ['rxjs', '@types/node'], tags: ['latest'] })
 * const tell = listener('tell', on(npm.version), ({ data }) => console.log(`${data.name} ${data.version} is out`))
 * export default agent('releases', [releases, tell])
 * ```
 */
export const npm = defineStream({
  name: 'npm',
  summary: 'New versions of packages in an npm registry.',
  events: { version },
  options,
  jobs: ({ packages, tags, prereleases, baseUrl, token, ...pace }) => {
    const { schedule, options } = poll(pace)
    return [...new Set(packages)].map((name) => {
      const run = async (context: JobContext): Promise<Draft[]> => {
        const client = httpClient(context, {
          stream: 'npm',
          baseUrl,
          headers: bearer(context, token),
          maxBytes: MAX_BYTES,
        })
        const answer = await documentOf(name, client, context)
        if (answer === undefined) return []
        return versionsIn(name, answer.json(), context)
          .filter((one) => (tags === undefined ? prereleases || !isPrerelease(one.version) : hasOne(one.tags, tags)))
          .map((one) => version(`${name}@${one.version}`, one))
      }
      return job(name, schedule, run, { ...options, publishes: [version] })
    })
  },
})

/** The largest document of a package, in bytes: the histories of very few packages are larger. */
const MAX_BYTES = 32 * 1024 * 1024

/** The media type of the short document: without dates and descriptions. */
const SHORT = 'application/vnd.npm.install-v1+json'

/** The document of a package; undefined if it has not changed. */
async function documentOf(name: string, client: HttpClient, { state }: JobContext): Promise<Answer | undefined> {
  const path = `/${name.replace('/', '%2f')}`
  const get = (accept: string): Promise<Answer | undefined> =>
    client.get(path, { conditional: true, headers: { accept } })
  // A history only grows: do not read 32 MiB in vain each time.
  if (await state.get('short', false)) return get(SHORT)
  try {
    return await get('application/json')
  } catch (error) {
    if (!hasCode(error, 'TIDINGS_RESPONSE_TOO_LARGE')) throw error
    state.set('short', true)
    return get(SHORT)
  }
}

/** The versions in a document, oldest first as far as dates are known, without malformed ones. */
function versionsIn(name: string, body: unknown, { logger }: JobContext): NpmVersion[] {
  const { versions, time, 'dist-tags': pointers } = recordOf(body) ?? {}
  const dates = recordOf(time) ?? {}
  const all = recordOf(versions)
  if (all === undefined) {
    // What remains of a package that was unpublished.
    if (recordOf(dates['unpublished']) === undefined) throw notPackage(name, body)
    logger.warn({ package: name }, 'package was unpublished')
    return []
  }
  const tagged = Object.entries(recordOf(pointers) ?? {})
  const found = Object.entries(all).flatMap(([version, manifest]): NpmVersion[] => {
    const { description, deprecated } = recordOf(manifest) ?? {}
    if (recordOf(manifest) === undefined || version === '' || version.length > 256) return []
    return [
      {
        name,
        version: version.toWellFormed(),
        ...textAs('published', isoOf(dates[version])),
        tags: tagged.filter(([, to]) => to === version).map(([tag]) => cut(tag, 256)),
        ...textAs('description', description),
        ...textAs('deprecated', deprecated),
      },
    ]
  })
  const malformed = Object.keys(all).length - found.length
  if (malformed > 0) logger.warn({ package: name, versions: malformed }, 'malformed versions skipped')
  return found.sort((a, b) => (a.published ?? '').localeCompare(b.published ?? ''))
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Readonly<Record<string, unknown>>
}

function textAs<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  return (typeof value === 'string' && value !== '' ? { [key]: cut(value, 1000) } : {}) as {
    readonly [P in K]?: string
  }
}

function isoOf(value: unknown): string | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** Whether a version is a pre-release of Semantic Versioning: a hyphen after the numbers, before any `+`. */
function isPrerelease(version: string): boolean {
  return version.split('+')[0]?.includes('-') === true
}

function hasOne(these: readonly string[], wanted: readonly string[]): boolean {
  return wanted.some((one) => these.includes(one))
}

function notPackage(name: string, body: unknown): TidingsError {
  const words = `stream npm: expected the versions of ${name}, got ${describe(body)}`
  return new TidingsError('TIDINGS_RESPONSE_INVALID', words, { details: { package: name, path: 'versions' } })
}
