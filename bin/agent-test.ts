#!/usr/bin/env node
import { tidings } from './commands.ts'
import { main } from './frame/main.ts'

// One command under the name that users of the Python agent know.
await main(['agent-test'], tidings.commands.test, process.argv.slice(2))
