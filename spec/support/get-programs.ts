// Gets the programs that specs need beside Node: installs them where that takes no question, else says how. `npm test`
// runs this before the specs.
import { findServer } from '../postgres/cluster.ts'
import { findBrowser } from './browser.ts'
import { howToInstall, installPackages, mayInstall } from './debian.ts'

/** The programs by the names of their packages on Debian. */
const PROGRAMS = [
  { name: 'chromium', specs: 'the page', find: findBrowser },
  { name: 'postgresql', specs: 'logs in PostgreSQL', find: findServer },
]

const missing = PROGRAMS.filter(({ find }) => find() === undefined)
const names = missing.map(({ name }) => name)

if (missing.length > 0 && mayInstall()) {
  for (const { name, specs } of missing) process.stderr.write(`the specs of ${specs} need ${name}: installing it\n`)
  installPackages(names)
}

for (const { name, specs, find } of missing) {
  if (find() !== undefined) continue
  process.stderr.write(`the specs of ${specs} need ${name}. On Debian: ${howToInstall(names)}\n`)
  process.exitCode = 1
}
