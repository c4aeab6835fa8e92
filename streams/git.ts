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

/**
 * - `path`: the repository: a working tree, a folder in one, or a bare repository
 * - `branch`: whose history is told: a branch, or whatever git takes for a commit, such as `origin/main`; `'*'` for all
 *   branches, remote-tracking ones too. Default `HEAD`: what is checked out. Tags are told whatever they are on
 * - `every`: how often to look; default `'1m'`
 * - `first`: what becomes of the commits and tags that are there at the first look, as in `JobOptions`; default `tell`
 */
export interface GitOptions {
  readonly path: string
  readonly branch?: string
  readonly every?: Duration
  readonly first?: NonNullable<JobOptions['first']>
}

/**
 * Dates are ISO 8601 in UTC. Texts are cut at 8000 characters.
 *
 * - `path`: the repository where it was seen, as the stream was given it
 * - `parents`: hashes: none for a root, or where a shallow clone is cut off; several for a merge
 * - `authored`, `committed`: the second is later for what was amended, rebased or picked
 * - `subject`, `body`: the first paragraph of the message in one line, and the rest, which is often empty
 */
export interface Commit {
  readonly path: string
  readonly hash: string
  readonly parents: readonly string[]
  readonly author: { readonly name: string; readonly email: string }
  readonly authored: string
  readonly committed: string
  readonly subject: string
  readonly body: string
}

/**
 * - `hash`: what bears the name: the tag object of an annotated tag, else the same as `target`
 * - `target`: what it points at, mostly a commit
 * - `annotation`: who tagged, when and in which words, for an annotated tag
 */
export interface Tag {
  readonly path: string
  readonly name: string
  readonly hash: string
  readonly target: string
  readonly annotation?: Pick<Commit, 'subject' | 'body'> & {
    readonly tagger: Commit['author']
    readonly tagged: string
  }
}

const commit = eventType('git.commit').of<Commit>()
// Identified by name and hash: by the name alone, two repositories with a v1.0 would take turns in changing it.
const tag = eventType('git.tag').of<Tag>()

/**
 * Commits and tags of a repository on this machine, the oldest first. It only reads: to hear what others push, watch
 * the repository that they push to, or fetch in a job of your own and watch `origin/main`.
 *
 * A commit is told once, by its hash, whatever branches and clones it turns up in. A tag is told once for each thing
 * that it is put on: moved, it is told again, and two repositories may each have a `v1.0`.
 *
 * A run fails with `TIDINGS_EXEC_FAILED` when `path` is no repository, or one with commits but without that branch.
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
  jobs: ({ path, branch = 'HEAD', every: pause = '1m', first = 'tell' }: GitOptions) => {
    if (typeof path !== 'string' || path === '') {
      throw new TidingsError('TIDINGS_STREAM_INVALID', "stream git needs the path of a repository: git({ path: '.' })")
    }
    const schedule = every(typeof pause === 'number' ? `${pause}ms` : pause)
    // The first run may have a long history to read.
    const options = { first, timeout: '1h' }
    return [
      job('commits', schedule, (context) => commits(path, branch, context), { ...options, publishes: [commit] }),
      job('tags', schedule, (context) => tags(path, context), { ...options, publishes: [tag] }),
    ]
  },
})

/** So many hashes, even twice, fit on a command line everywhere: Windows takes 32 767 characters. */
const PAGE = 200

/** So many hashes, even the longer ones, stay below the 64 MiB that a program may print. */
const MOST_HASHES = 1_000_000

/** With so many characters in each of its fields, an event fits the log's 256 KiB, however they are escaped. */
const MOST_CHARACTERS = 8000

const COMMIT = ['H', 'P', 'an', 'ae', 'at', 'ct', 's', 'b'] as const
const ANNOTATION = ['taggername', 'taggeremail', 'taggerdate:unix', 'contents:subject', 'contents:body'] as const
const TAG = ['refname:strip=2', 'objectname', '*objectname', ...ANNOTATION] as const

async function* commits(path: string, branch: string, context: JobContext) {
  const read = reader(path, context)
  // A shallow clone may be deepened later: what its tips lead to then is not told yet.
  const shallow = (await read('rev-parse', '--is-shallow-repository')).trim() === 'true'
  const revisions = branch === '*' ? ['--branches', '--remotes'] : ['--end-of-options', branch]
  const tips = await tipsOf(read, revisions)
  if (tips.length === 0) return
  const seen = (await context.state.get<string[]>('tips')) ?? []
  const all = await history(read, [...tips, ...seen.map((hash) => `^${hash}`), ...revisions])
  const format = `--format=${COMMIT.map((field) => `%${field}%x00`).join('')}`
  const log = ['log', '--no-walk=unsorted', '--no-show-signature', '--encoding=UTF-8', format]
  for (const page of pages(all)) {
    for (const record of records(await read(...log, ...page, '--'), COMMIT)) {
      const { H: hash, P, an: name, ae: email, at, ct, s: subject, b: body } = record
      const parents = P.split(' ').filter((parent) => parent !== '')
      const dates = { authored: iso(at), committed: iso(ct) }
      yield commit(hash, { path, hash, parents, author: { name, email }, ...dates, subject, body })
    }
  }
  if (!shallow) context.state.set('tips', tips)
}

async function* tags(path: string, context: JobContext) {
  const read = reader(path, context)
  const refs = ['for-each-ref', '--sort=creatordate']
  const format = `--format=${TAG.map((field) => `%(${field})%00`).join('')}`
  const listing = await read(...refs, '--format=%(objectname) %(refname)', 'refs/tags')
  const digest = createHash('sha256').update(listing).digest('hex')
  if ((await context.state.get('seen')) === digest) return
  for (const page of pages(lines(listing))) {
    // A name that is not utf8 can't be handed back as it was, but a star matches it.
    const names = page.map((line) => line.slice(line.indexOf(' ') + 1).replaceAll('\u{FFFD}', '*'))
    for (const record of records(await read(...refs, format, ...names), TAG)) {
      const { 'refname:strip=2': name, objectname: hash, '*objectname': target, ...it } = record
      const tagger = { name: it.taggername, email: it.taggeremail.slice(1, -1) }
      const words = { subject: it['contents:subject'], body: it['contents:body'] }
      const annotation = { tagger, tagged: iso(it['taggerdate:unix']), ...words }
      // Where there is no tag object, nothing is under it, and the words would be the commit's.
      yield tag(`${name} ${hash}`, { path, name, hash, ...(target === '' ? { target: hash } : { target, annotation }) })
    }
  }
  context.state.set('seen', digest)
}

/** Runs git for what it prints. Where objects were replaced, the original ones are read: their hashes name them. */
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

/** The newest tips; none where nothing was ever committed. */
async function tipsOf(read: Read, revisions: readonly string[]): Promise<string[]> {
  try {
    // In this order: a count of commits makes git forget that it is not to walk.
    return lines(await read('rev-list', `--max-count=${PAGE}`, '--no-walk', ...revisions, '--'))
  } catch (error) {
    // Without commits, no branch exists yet. With some, the name is wrong.
    if ((await read('for-each-ref', '--count=1')) === '') return []
    throw error
  }
}

/** Hashes of all that can be reached, oldest first. A tip of old that is gone is ignored: then more is read again. */
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

/** What git printed, field by field: a NUL ends each, which none can have in it, and a newline each record. */
function* records<F extends string>(text: string, fields: readonly F[]): Generator<Record<F, string>> {
  const values = text.split('\0').map((value) => value.slice(0, MOST_CHARACTERS).trimEnd().toWellFormed())
  for (let i = 0; i + fields.length < values.length; i += fields.length) {
    const record = fields.map((field, at) => [field, values[i + at]?.slice(at === 0 && i > 0 ? 1 : 0)])
    yield Object.fromEntries(record) as Record<F, string>
  }
}

/** A date that no calendar has becomes the epoch, as git shows it too. */
function iso(seconds: string): string {
  const date = new Date(Number(seconds) * 1000)
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString()
}
