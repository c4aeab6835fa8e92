#!/usr/bin/env node
import { tidings } from './cli/commands.ts'
import { main } from './cli/main.ts'
import { saysVersion } from './version.ts'

const args = process.argv.slice(2)
// One command under the name that users of the Python agent know.
if (!saysVersion(args)) await main(['agent-test'], tidings.commands.test, args)
