import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian's packages, by a program that each of them brings. */
const packages = {
  'ansible-playbook': 'ansible-core',
  buildah: 'buildah',
  tini: 'tini',
  systemctl: 'systemd',
  unshare: 'util-linux',
} as const

/**
 * Checks that these programs are installed, and that this process is root, as it has to be to work as other users.
 *
 * @throws Error that names the Debian packages to install
 */
export function needs(...programs: readonly (keyof typeof packages)[]): void {
  const missing = programs.filter((program) => !isInstalled(program)).map((program) => packages[program])
  if (missing.length > 0) throw new Error(`this spec needs more programs: apt-get install ${missing.join(' ')}`)
  if (process.getuid?.() !== 0) throw new Error('this spec starts agents as other users: run it as root')
}

function isInstalled(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
