// Gets the programs that specs need beside Node: installs them where that takes no question, else says how. `npm test`
// runs this before the specs.
import { spawnSync } from 'node:child_process'
import { findServer } from '../postgres/cluster.ts'
import { findBrowser } from './browser.ts'

/** The programs by the names of their packages on Debian. */
const PROGRAMS = [
  { name: 'chromium', specs: 'the page', find: findBrowser },
  { name: 'postgresql', specs: 'logs in PostgreSQL', find: findServer },
]

const missing = PROGRAMS.filter(({ find }) => find() === undefined)
const install = ['install', '-y', '--no-install-recommends', ...missing.map(({ name }) => name)]

/** Whether this process may install packages: in a container and in CI, it is root. */
const mayInstall = process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0

if (missing.length > 0 && mayInstall) {
  for (const { name, specs } of missing) process.stderr.write(`the specs of ${specs} need ${name}: installing it\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [
    ['update', '-qq'],
    ['-qq', ...install],
  ]) {
    const { status, stderr } = spawnSync('apt-get', args, {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')}: ${stderr}\n`)
  }
}

for (const { name, specs, find } of missing) {
  if (find() !== undefined) continue
  process.stderr.write(`the specs of ${specs} need ${name}. On Debian: sudo apt-get ${install.join(' ')}\n`)
  process.exitCode = 1
}
