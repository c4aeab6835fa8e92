import { execFileSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** When the first commit of a repository is made; each later one comes a minute after. */
const BEGIN = Date.UTC(2026, 0, 1)

const who = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Carl',
  GIT_COMMITTER_EMAIL: 'carl@example.org',
}

/** A real repository, which a test changes as people do. */
export class Repository {
  readonly path: string
  #made = 0

  constructor(path: string, init: readonly string[] | false = ['--initial-branch=main']) {
    this.path = path
    if (init !== false) execFileSync('git', ['init', '--quiet', ...init, path], { env: environment({}) })
  }

  /** The output of git, without the final newline. Dates count up: see `BEGIN`. */
  git(args: readonly string[], { input = '', env = {} }: { input?: string | Buffer; env?: object } = {}): string {
    const date = `@${(BEGIN + this.#made * 60_000) / 1000} +0200`
    const options = { input, env: environment({ GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date, ...env }) }
    return execFileSync('git', ['-C', this.path, ...args], { ...options, encoding: 'utf8', stdio: 'pipe' }).trimEnd()
  }

  /** Commits only a message; returns the hash. */
  commit(message: string, { args = [], env = {} }: { args?: readonly string[]; env?: object } = {}): string {
    this.git(['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-', ...args], { input: message, env })
    this.#made += 1
    return this.git(['rev-parse', 'HEAD'])
  }

  /** Creates an object of exactly these bytes, and a ref to it if one is named; returns the hash. */
  object(type: 'commit' | 'tag' | 'blob', content: string | Buffer, ref?: string): string {
    const hash = this.git(['hash-object', '-w', '--literally', '-t', type, '--stdin'], { input: content })
    if (ref !== undefined) this.git(['update-ref', ref, hash])
    return hash
  }
}

/** A new repository in a directory that is removed after the test. */
export function repository(t: TestContext, ...init: readonly string[]): Repository {
  return new Repository(temporaryDirectory(t), ['--initial-branch=main', ...init])
}

// Independent of the user who runs the test: their name, settings, and a hook that may run it.
function environment(more: object): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  return { ...Object.fromEntries(kept), ...who, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...more }
}
