import { describe } from 'node:test'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { repositorySource } from './github-source.ts'

// They are read like the issues, whose suite is in github-repositories.spec.ts.
for (const part of ['pullRequests', 'releases', 'workflowRuns'] as const)
  describe(part, () => httpSourceSuite(repositorySource(part)))
