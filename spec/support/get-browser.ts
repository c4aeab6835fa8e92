// Gets the browser that the specs of the page need: installs it where that takes no question, else says how. `npm test`
// runs this before the specs.
import { spawnSync } from 'node:child_process'
import { findBrowser, INSTALL } from './browser.ts'

const [apt, ...install] = INSTALL

/** Whether this process may install packages: in a container and in CI, it is root. */
const mayInstall = process.getuid?.() === 0 && spawnSync(apt, ['--version'], { stdio: 'ignore' }).status === 0

if (findBrowser() === undefined && mayInstall) {
  process.stderr.write('the specs of the page need chromium, which is not here: installing it\n')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [
    ['update', '-qq'],
    ['-qq', ...install],
  ]) {
    const { status, stderr } = spawnSync(apt, args, { env, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
    if (status !== 0) process.stderr.write(`${apt} ${args.join(' ')}: ${stderr}\n`)
  }
}

if (findBrowser() === undefined) {
  process.stderr.write(`the specs of the page need chromium. On Debian: sudo ${INSTALL.join(' ')}\n`)
  process.exitCode = 1
}
