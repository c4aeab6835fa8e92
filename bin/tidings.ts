#!/usr/bin/env node
import { version } from './version.ts'

const [first] = process.argv.slice(2)
if (first === '--version' || first === '-v') {
  // Answered before anything else is loaded.
  process.stdout.write(`${version()}\n`)
} else {
  const [{ main }, { tidings }] = await Promise.all([import('./main.ts'), import('./commands.ts')])
  await main(['tidings'], tidings, process.argv.slice(2))
}
