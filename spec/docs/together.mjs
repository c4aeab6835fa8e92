// Runs the given modules, one after another, each in an empty directory. Reports when all of them succeeded. A module that
// waits for SIGTERM is a service: it gets the signal once it has begun.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const here = process.cwd()
const scripts = process.argv.slice(2)
let ran = 0
// Timers of a module may fail after it has ended, so the report comes at the very end.
process.on('exit', (code) => {
  if (code === 0 && ran === scripts.length) process.stderr.write('all ran\n')
})
for (const [index, script] of scripts.entries()) {
  const cwd = join(here, String(index))
  mkdirSync(cwd)
  process.chdir(cwd)
  await import(script)
  if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM', 'SIGTERM')
  ran += 1
}
