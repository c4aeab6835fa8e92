#!/usr/bin/env node
import { saysVersion } from './version.ts'

const args = process.argv.slice(2)
// Answers `--version` before loading anything else.
if (!saysVersion(args)) {
  const [{ main }, { tidings }] = await Promise.all([import('./cli/main.ts'), import('./cli/commands.ts')])
  await main(['tidings'], tidings, args)
}
