import { it } from 'node:test'
import { streamLaws } from '../../lib/testing/index.ts'
import { git } from '../../streams/git.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { gitService } from './git-repositories.ts'

// Each case starts dozens of processes: a few cases here, many in stream-laws-git.slow.ts.
for (const law of Object.keys(streamLaws(git, gitService('')))) {
  it(`streams/git: ${law}`, async (t) => {
    await streamLaws(git, { ...gitService(temporaryDirectory(t)), numRuns: 2 })[law]?.()
  })
}
