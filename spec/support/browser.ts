import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The names of a browser that the specs of the page can drive. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Where a Mac has it. */
const ON_MAC = ['Chromium', 'Google Chrome'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`)

/** How to get it, on Debian. */
const INSTALL = ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'] as const

/** The path of the browser; undefined without one. */
export function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...ON_MAC].find(isProgram)
}

/** The path of the browser, without which the page can't be proved. */
export function browser(): string {
  const path = findBrowser()
  if (path !== undefined) return path
  throw new Error(`the specs of the page need chromium: ${INSTALL.join(' ')}`)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
