// Runs the modules it is given, one after another, each in an empty directory. Says so when all ended well.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const here = process.cwd()
const scripts = process.argv.slice(2)
let ran = 0
// Timers that a module left may fail after it: what comes last is said at the very end.
process.on('exit', (code) => {
  if (code === 0 && ran === scripts.length) process.stderr.write('all ran\n')
})
for (const [index, script] of scripts.entries()) {
  const cwd = join(here, String(index))
  mkdirSync(cwd)
  process.chdir(cwd)
  await import(script)
  ran += 1
}
