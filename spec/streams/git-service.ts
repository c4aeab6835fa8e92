import type { TestContext } from 'node:test'
import type { Draft } from '../../lib/index.ts'
import { git } from '../../streams/git.ts'
import { draftsOf } from '../support/watch-stream.ts'
import { repository } from './repository.ts'

/** The drafts of one run of the stream. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const engine = repository(t as TestContext)
  engine.commit('fix: the gate closes again\n\nThe latch was worn.\n')
  return draftsOf(git({ path: engine.path }))
}
