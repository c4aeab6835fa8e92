import { createHash } from 'node:crypto'
import {
  type Duration,
  defineStream,
  eventType,
  every,
  type JobContext,
  type JobOptions,
  job,
  TidingsError,
} from '../lib/index.ts'
import { count, duration, like, optional, optionsOf, text } from './shared/options.ts'

/** The options of the `git` stream. */
export interface GitOptions {
  /** The repository: a working tree, a directory inside one, or a bare repository. */
  readonly path: string
  /**
   * The branch to follow: its name, or anything that git resolves to a commit, such as `origin/main`; `'*'` for all
   * branches, including remote-tracking ones. Default `HEAD`. Tags are published whatever their branch.
   */
  readonly branch?: string
  /** How often to look, in ms or as a duration, from 1 ms. Default `'1m'`. */
  readonly every?: Duration
  /**
   * The number of commits, and of tags, to tell of those that exist at the first look, newest first, from 0. Default: as
   * `first` says.
   */
  readonly backfill?: number
  /**
   * What happens to the commits and tags that exist at the first look, as in `JobOptions`. Default `tell`: unlike the
   * items of a service, they are all in the repository, and a log of its commits is complete from the first one on.
   */
  readonly first?: NonNullable<JobOptions['first']>
}

/** The data of a `git.commit` event. Dates are ISO 8601 in UTC. Texts are cut at 8000 characters. */
export interface Commit {
  /** The repository, as the stream's options name it. */
  readonly path: string
  /** The full hash of the commit. */
  readonly hash: string
  /** Hashes of the parents: none for a root or at the edge of a shallow clone, several for a merge. */
  readonly parents: readonly string[]
  /** Who wrote the change. */
  readonly author: {
    /** As git records it. */
    readonly name: string
    /** As git records it; not validated. */
    readonly email: string
  }
  /** When the change was written. */
  readonly authored: string
  /** When the commit was made: later than `authored` after an amend, a rebase or a cherry-pick. */
  readonly committed: string
  /** The first paragraph of the message, on one line. */
  readonly subject: string
  /** The rest of the message; often empty. */
  readonly body: string
}

/** The data of a `git.tag` event. */
export interface Tag {
  /** The repository, as the stream's options name it. */
  readonly path: string
  /** The name without `refs/tags/`. */
  readonly name: string
  /** The hash of the tag object of an annotated tag; otherwise the same as `target`. */
  readonly hash: string
  /** The hash of the tagged object, mostly a commit. */
  readonly target: string
  /** The tagger, the date and the message of an annotated tag. */
  readonly annotation?: Pick<Commit, 'subject' | 'body'> & {
    /** Who made the tag. */
    readonly tagger: Commit['author']
    /** When the tag was made, ISO 8601 in UTC. */
    readonly tagged: string
  }
}

const options = optionsOf<GitOptions>()({
  path: text(),
  branch: text('HEAD'),
  every: duration('1m'),
  backfill: optional(count()),
  first: like<NonNullable<JobOptions['first']>>("'tell', 'record' or { tell: n }", isFirst, 'tell'),
})

const commit = eventType('git.commit').of<Commit>()
// Identified by name and hash: by name alone, two repositories with a v1.0 would seem to move it back and forth.
const tag = eventType('git.tag').of<Tag>()

/**
 * Publishes the commits and tags of a repository on this machine, oldest first. It only reads: to see what others push,
 * watch the repository that they push to, or fetch in your own job and watch `origin/main`.
 *
 * A commit is published once, by its hash, in whichever branches and clones it appears. A tag is published once per
 * target: again when it moves, and two repositories may each have a `v1.0`.
 *
 * **Limits.** Git must be installed. A look at an unchanged repository starts three or four short processes; the first one
 * reads the whole history, for an hour at most. Later looks read what is new. Texts are cut at 8000 characters.
 *
 * **Errors.** `TIDINGS_EXEC_FAILED` when `path` is not a repository, or has commits but not that branch, or when git is
 * missing; the next look reads on from where the last good one ended. A commit message of more than 64 MiB is left out, and
 * logged. A history that is rewritten has new hashes: its commits are told again.
 *
 * @example
 * ```ts
 * import { agent, listener, on, where } from 'tidings'
 * import { startsWith } from 'tidings/filters'
 * import { git } from 'tidings/streams/git'
 *
 * const fixes = on(git.commit).pipe(where('data.subject', startsWith('fix')))
 * export default agent('home', [
 *   git({ path: '.', first: 'record' }),
 *   listener('fixes', fixes, ({ data }) => console.log(`${data.author.name}: ${data.subject}`)),
 * ])
 * ```
 */
export const git = defineStream({
  name: 'git',
  summary: 'Commits and tags of a git repository on this machine.',
  events: { commit, tag },
  options,
  jobs: ({ path, branch, every: pause, backfill, first: asked }) => {
    const schedule = every(`${pause}ms`)
    const first = backfill === undefined ? asked : backfill === 0 ? 'record' : { tell: backfill }
    // The first run may have a long history to read. Later runs continue from a cursor, so all that they return is new.
    const options = { first, timeout: '1h', flood: false } as const
    return [
      job('commits', schedule, (context) => commits(path, branch, context), { ...options, publishes: [commit] }),
      job('tags', schedule, (context) => tags(path, context), { ...options, publishes: [tag] }),
    ]
  },
})

function isFirst(value: unknown): boolean {
  if (value === 'tell' || value === 'record') return true
  const tell = (value as { readonly tell?: unknown } | null)?.tell
  return Number.isSafeInteger(tell) && (tell as number) >= 0
}

/** Hashes per command line: twice as many still fit everywhere (Windows takes 32 767 characters). */
const PAGE = 200

/** Hashes per listing: even SHA-256 ones stay below the 64 MiB that a program may print. */
const MOST_HASHES = 1_000_000

/** Characters per field: an event then fits the log's 256 KiB, however they are escaped. */
const MOST_CHARACTERS = 8000

const COMMIT = ['H', 'P', 'an', 'ae', 'at', 'ct', 's', 'b'] as const
const ANNOTATION = ['taggername', 'taggeremail', 'taggerdate:unix', 'contents:subject', 'contents:body'] as const
const TAG = ['refname:strip=2', 'objectname', '*objectname', ...ANNOTATION] as const

async function* commits(path: string, branch: string, context: JobContext) {
  const read = reader(path, context)
  // A shallow clone may be deepened later: its tips then lead to commits that were not published.
  const shallow = (await read('rev-parse', '--is-shallow-repository')).trim() === 'true'
  const revisions = branch === '*' ? ['--branches', '--remotes'] : ['--end-of-options', branch]
  const tips = await tipsOf(read, revisions)
  if (tips.length === 0) return
  const seen = (await context.state.get<string[]>('tips')) ?? []
  const all = await history(read, [...tips, ...seen.map((hash) => `^${hash}`), ...revisions])
  for (const page of pages(all)) {
    for (const record of await commitsIn(read, page, context)) {
      const { H: hash, P, an: name, ae: email, at, ct, s: subject, b: body } = record
      const parents = P.split(' ').filter((parent) => parent !== '')
      const dates = { authored: iso(at), committed: iso(ct) }
      yield commit(hash, { path, hash, parents, author: { name, email }, ...dates, subject, body })
    }
  }
  if (!shallow) context.state.set('tips', tips)
}

type CommitRecord = Record<(typeof COMMIT)[number], string>

/** Reads commits: half of them at a time where their messages are more than a program may print. */
async function commitsIn(read: Read, page: readonly string[], context: JobContext): Promise<CommitRecord[]> {
  try {
    return [...records(await read(...logWith(COMMIT), ...page, '--'), COMMIT)]
  } catch (error) {
    if (!hasPrintedTooMuch(error)) throw error
    const half = page.length >> 1
    if (half > 0) {
      return [
        ...(await commitsIn(read, page.slice(0, half), context)),
        ...(await commitsIn(read, page.slice(half), context)),
      ]
    }
    context.logger.warn({ commit: page[0] }, 'message too long to be read')
    const others = COMMIT.filter((field) => field !== 's' && field !== 'b')
    return [...records(await read(...logWith(others), ...page, '--'), others)].map((one) => ({ ...one, s: '', b: '' }))
  }
}

function logWith(fields: readonly string[]): string[] {
  const format = `--format=${fields.map((field) => `%${field}%x00`).join('')}`
  return ['log', '--no-walk=unsorted', '--no-show-signature', '--encoding=UTF-8', format]
}

function hasPrintedTooMuch(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'TIDINGS_EXEC_FAILED' && error.details['output'] === 'stdout'
}

async function* tags(path: string, context: JobContext) {
  const read = reader(path, context)
  const refs = ['for-each-ref', '--sort=creatordate']
  const format = `--format=${TAG.map((field) => `%(${field})%00`).join('')}`
  const listing = await read(...refs, '--format=%(objectname) %(refname)', 'refs/tags')
  const digest = createHash('sha256').update(listing).digest('hex')
  if ((await context.state.get('seen')) === digest) return
  for (const page of pages(lines(listing))) {
    // A name that is not UTF-8 can't be passed back verbatim, but a star matches it.
    const names = page.map((line) => line.slice(line.indexOf(' ') + 1).replaceAll('\u{FFFD}', '*'))
    for (const record of records(await read(...refs, format, ...names), TAG)) {
      const { 'refname:strip=2': name, objectname: hash, '*objectname': target, ...it } = record
      const tagger = { name: it.taggername, email: it.taggeremail.slice(1, -1) }
      const words = { subject: it['contents:subject'], body: it['contents:body'] }
      const annotation = { tagger, tagged: iso(it['taggerdate:unix']), ...words }
      // Without a tag object, the message would be the commit's.
      yield tag(`${name} ${hash}`, { path, name, hash, ...(target === '' ? { target: hash } : { target, annotation }) })
    }
  }
  context.state.set('seen', digest)
}

/** Runs git and resolves to its output. Reads original objects, not replacements: hashes name the originals. */
type Read = (...args: string[]) => Promise<string>

function reader(path: string, { exec, signal }: JobContext): Read {
  return async (...args) => {
    try {
      return (await exec('git', ['-C', path, '--no-replace-objects', ...args], { signal })).stdout
    } catch (error) {
      if (!(error instanceof TidingsError) || error.code !== 'TIDINGS_EXEC_FAILED') throw error
      const { code, message, details } = error
      throw new TidingsError(code, `stream git, path ${JSON.stringify(path)}: ${message}`, { cause: error, details })
    }
  }
}

/** The newest tips; empty in a repository without commits. */
async function tipsOf(read: Read, revisions: readonly string[]): Promise<string[]> {
  try {
    // The order matters: --max-count after --no-walk makes git walk.
    return lines(await read('rev-list', `--max-count=${PAGE}`, '--no-walk', ...revisions, '--'))
  } catch (error) {
    // Without commits no branch exists yet; with commits, the name is wrong.
    if ((await read('for-each-ref', '--count=1')) === '') return []
    throw error
  }
}

/** Hashes of all reachable commits, oldest first. A former tip that is gone is ignored: more is then read again. */
async function history(read: Read, revisions: readonly string[]): Promise<string[]> {
  const found: string[][] = []
  do {
    const part = [`--max-count=${MOST_HASHES}`, `--skip=${found.length * MOST_HASHES}`]
    found.push(lines(await read('rev-list', '--ignore-missing', '--date-order', ...part, ...revisions, '--')))
  } while (found.at(-1)?.length === MOST_HASHES)
  return found.flat().reverse()
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

function* pages(all: readonly string[]): Generator<readonly string[]> {
  for (let i = 0; i < all.length; i += PAGE) yield all.slice(i, i + PAGE)
}

/** Splits git's output into records: NUL ends a field (fields cannot contain it), a newline a record. */
function* records<F extends string>(text: string, fields: readonly F[]): Generator<Record<F, string>> {
  const values = text.split('\0').map((value) => value.slice(0, MOST_CHARACTERS).trimEnd().toWellFormed())
  for (let i = 0; i + fields.length < values.length; i += fields.length) {
    const record = fields.map((field, at) => [field, values[i + at]?.slice(at === 0 && i > 0 ? 1 : 0)])
    yield Object.fromEntries(record) as Record<F, string>
  }
}

/** An impossible date becomes the epoch, as git itself shows it. */
function iso(seconds: string): string {
  const date = new Date(Number(seconds) * 1000)
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString()
}
