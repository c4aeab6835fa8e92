import { spawnSync } from 'node:child_process'

/** Whether this process may install packages: in a container and in CI, it is root. */
export function mayInstall(): boolean {
  return process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
}

const install = (names: readonly string[]): string[] => ['install', '-y', '--no-install-recommends', ...names]

/** How a person installs packages of Debian. */
export function howToInstall(names: readonly string[]): string {
  return `sudo apt-get ${install(names).join(' ')}`
}

/** Installs packages of Debian. Reports what fails. */
export function installPackages(names: readonly string[]): void {
  // With this run level, a package does not start its server.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const args of [
    ['update', '-qq'],
    ['-qq', ...install(names)],
  ]) {
    const { status, stderr } = spawnSync('apt-get', args, {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')}: ${stderr}\n`)
  }
}
