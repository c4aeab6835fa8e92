#!/usr/bin/env node
import { saysVersion } from './version.ts'

const args = process.argv.slice(2)
// Answered before anything else is loaded.
if (!saysVersion(args)) {
  const [{ main }, { tidings }] = await Promise.all([import('./frame/main.ts'), import('./commands.ts')])
  await main(['tidings'], tidings, args)
}
