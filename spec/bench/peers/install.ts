import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findServer } from '../../postgres/cluster.ts'
import { howToInstall, installPackages, mayInstall } from '../../support/debian.ts'
import type { Contestant } from './contestants.ts'

/** A system that is installed. */
export interface Installed {
  /** The folder whose `node_modules` has its packages. */
  readonly packages: string
  readonly version: string
}

/**
 * Installs what a system needs: its packages below a folder, and programs of Debian.
 *
 * @throws Error if it can't
 */
export async function install(contestant: Contestant, folder: string, stop: AbortSignal): Promise<Installed> {
  const { name, packages: wanted = [], program, peer } = contestant
  if (program !== undefined) getProgram(program)
  if (peer === undefined) return { packages: '', version: versionOfPython() }
  if (wanted[0] === undefined) return { packages: '', version: versionOf(join(import.meta.dirname, '../../..')) }
  const packages = join(folder, name)
  const [main] = wanted[0].split('@') as [string]
  const installed = join(packages, 'node_modules', main)
  if (!existsSync(installed)) {
    mkdirSync(packages, { recursive: true })
    writeFileSync(join(packages, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', packages, ...wanted]
    await promisify(execFile)('npm', args, { cwd: packages, signal: stop })
  }
  return { packages, version: versionOf(installed) }
}

function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}

function versionOfPython(): string {
  const code = 'import platform, sqlite3; print(platform.python_version() + ", SQLite " + sqlite3.sqlite_version)'
  return spawnSync('python3', ['-c', code], { encoding: 'utf8' }).stdout.trim()
}

function getProgram(program: NonNullable<Contestant['program']>): void {
  const isThere = (): boolean =>
    program === 'postgresql'
      ? findServer() !== undefined
      : spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
  if (isThere()) return
  if (mayInstall()) installPackages([program])
  if (!isThere()) throw new Error(`needs ${program}. On Debian: ${howToInstall([program])}`)
}
