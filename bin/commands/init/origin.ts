import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * How a project gets the package that makes it: by its version, or the file or folder that it was installed from, so
 * that an unpublished one needs no registry. `root`: its folder.
 */
export function dependencyOn(root: string): string {
  const modules = dirname(root)
  if (basename(modules) !== 'node_modules') return `file:${root}`
  const resolved = resolvedIn(join(modules, '.package-lock.json'))
  if (resolved?.startsWith('file:') === true) {
    const path = resolved.startsWith('file://') ? fileURLToPath(resolved) : resolved.slice('file:'.length)
    const from = resolve(dirname(modules), path)
    if (existsSync(from)) return `file:${from}`
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  return `^${version}`
}

// npm notes here what it installed from where. Other package managers don't.
function resolvedIn(lockfile: string): string | undefined {
  try {
    const { packages } = JSON.parse(readFileSync(lockfile, 'utf8')) as {
      readonly packages?: Readonly<Record<string, { readonly resolved?: string }>>
    }
    return packages?.['node_modules/tidings']?.resolved
  } catch {
    return undefined
  }
}
