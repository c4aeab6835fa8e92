import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { exec } from '../../lib/core/exec.ts'
import type { World } from '../../lib/index.ts'
import { type Commit, git } from '../../streams/git.ts'
import { endsInTime, endsWithAgent } from '../support/silence.ts'
import { watchStream } from '../support/watch-stream.ts'
import { repository } from './repository.ts'

/** In ms. */
const HOUR = 3_600_000
const NOW = Date.UTC(2026, 0, 1)

/** A repository of two commits whose git hangs, at the call with this number from 0, until it is healed. */
function hanging(t: TestContext, call: number) {
  const repo = repository(t)
  for (const subject of ['one', 'two']) repo.commit(subject)
  let calls = 0
  let healed = false
  const world: Partial<World> = {
    now: () => NOW,
    exec: async (file, args, options = {}) => {
      if (healed || calls++ !== call) return exec(file, args, options)
      return new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error), { once: true })
      })
    },
  }
  return {
    stream: git({ path: repo.path }),
    world,
    limit: HOUR,
    isAsked: () => calls > call,
    heal: () => void (healed = true),
    events: 2,
  }
}

/** What makes a commit of this time, in ms since the epoch. */
function at(time: number): { readonly env: object } {
  const date = `@${time / 1000} +0000`
  return { env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date } }
}

async function watch(t: TestContext) {
  const repo = repository(t)
  const clock = { now: NOW }
  const watched = await watchStream(t, git({ path: repo.path }), { now: () => clock.now })
  const subjects = (): string[] => watched.told.map(({ data }) => (data as Commit).subject)
  return { repo, clock, ...watched, subjects }
}

describe('the git stream and its repository', () => {
  for (const [what, call] of [
    ['its first command', 0],
    ['the command that reads the commits', 3],
  ] as const) {
    it(`ends a run in its time when git hangs in ${what}`, async (t) => {
      await endsInTime(t, hanging(t, call))
    })

    it(`lets the agent stop while git hangs in ${what}`, async (t) => {
      await endsWithAgent(t, hanging(t, call))
    })
  }

  it('tells each commit once, whatever the clocks of its authors and ours show', async (t) => {
    const { repo, clock, see, subjects } = await watch(t)
    const expected: string[] = []
    for (const skew of [0, 5, -5, 17_520, -17_520]) {
      const subject = `by a clock ${skew} hours ahead`
      repo.commit(subject, at(NOW + skew * HOUR))
      expected.push(subject)
      clock.now = NOW - 2 * skew * HOUR
      await see()
      await see()
      assert.deepEqual(subjects(), expected)
    }
  })

  it('tells all commits again, once, when a rewrite of the history gives them new hashes', async (t) => {
    const { repo, see, subjects } = await watch(t)
    const many = Array.from({ length: 21 }, (_, n) => `commit ${n}`)
    for (const subject of many) repo.commit(subject)
    await see()
    // As `git filter-repo` does: other content from the first commit on, so each hash is another.
    repo.git(['checkout', '--quiet', '--orphan', 'rewritten'])
    for (const subject of many) repo.commit(subject, { env: { GIT_AUTHOR_NAME: 'Grace' } })
    repo.git(['branch', '--quiet', '--force', 'main', 'rewritten'])
    // A cursor knows what is new, so this is no flood: a rewrite is the only reason for it.
    assert.deepEqual([(await see()).held ?? 0, (await see()).new], [0, 0])
    assert.deepEqual(subjects(), [...many, ...many])
  })
})
