import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  agent,
  type Draft,
  type JobContext,
  listener,
  memoryLog,
  on,
  type Running,
  type RunReport,
  type StoredEvent,
  type Stream,
  start,
} from '../../lib/index.ts'
import { type Commit, type GitOptions, git, type Tag } from '../../streams/git.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** The drafts of one run of a stream's job. */
export async function found(
  stream: Stream,
  job: 'commits' | 'tags',
  context: Partial<JobContext> = {},
): Promise<Draft[]> {
  return draftsOf(stream, context, job)
}

export async function commitsIn(path: string, options: Partial<GitOptions> = {}): Promise<Commit[]> {
  const drafts = await found(git({ path, ...options }), 'commits')
  for (const draft of drafts) assert.equal(draft.identifier, (draft.data as Commit).hash)
  return drafts.map(({ data }) => data as Commit)
}

export async function tagsIn(path: string): Promise<Tag[]> {
  return (await found(git({ path }), 'tags')).map(({ data }) => data as Tag)
}

export async function subjectsIn(path: string, options?: Partial<GitOptions>): Promise<string[]> {
  return (await commitsIn(path, options)).map(({ subject }) => subject)
}

/**
 * An agent of these streams that keeps the delivered events. `look` runs a job, which must succeed: by itself, a job
 * would run after a minute, long after the end of the test.
 */
export async function watch(t: TestContext, ...streams: readonly Stream[]) {
  const told: StoredEvent[] = []
  const hear = listener('hear', on(git.commit, git.tag), (event) => void told.push(event))
  const log = await memoryLog()
  const running: Running = await start(agent('watch', [streams, hear]), { log, logger: false })
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  const look = async (job = 'git.commits'): Promise<RunReport> => {
    const report = await running.trigger(job)
    assert.ok(report, 'the run was skipped')
    assert.equal(report.error, undefined)
    await running.drained()
    return report
  }
  const subjects = (): string[] => told.splice(0).map(({ data }) => (data as Commit).subject)
  return { look, told, subjects, running }
}
