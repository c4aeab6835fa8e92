import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, posix } from 'node:path'

/** A file for a user's project. */
export interface Template {
  /** Relative to the project, with slashes. */
  readonly path: string
  readonly text: string
}

/** What was done with the files, by their paths. */
export interface Written {
  readonly written: readonly string[]
  /** These were there already, and stay as they are. */
  readonly kept: readonly string[]
}

/** The root of this package, from the sources and from dist/ alike. */
export const packageRoot = dirname(createRequire(import.meta.url).resolve('tidings/package.json'))

/** Names that begin with a dot in a project. npm and git would follow such files here. */
const DOTTED = /(^|\/)(?=(?:gitignore|dockerignore|npmignore|github)(?:\/|$))/g

/**
 * Reads the templates in a folder of `bin/templates/`, and puts words in place of `{{word}}`. Braces with spaces inside
 * belong to the tool that reads the file.
 *
 * @param into The folder of the project that gets them; the project itself by default.
 * @throws Error for a word that is not in `words`
 */
export function readTemplates(folder: string, words: Readonly<Record<string, string>>, into = ''): Template[] {
  const directory = join(packageRoot, 'bin/templates', folder)
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(directory.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort()
    .map((path) => {
      const text = readFileSync(join(directory, path), 'utf8').replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
        const word = words[name]
        if (word === undefined) throw new Error(`template ${folder}/${path} has an unknown word ${name}`)
        return path.endsWith('.json') ? JSON.stringify(word).slice(1, -1) : word
      })
      return { path: posix.join(into, path.replaceAll(DOTTED, '$1.')), text }
    })
}

/**
 * Writes templates to a folder: all or none, and never over a file that is there. A folder that does not exist appears
 * with all of its files at once.
 */
export function writeTemplates(directory: string, templates: readonly Template[]): Written {
  if (existsSync(directory)) return fill(directory, templates)
  makeFolder(dirname(directory))
  const stage = `${directory}.${process.pid}`
  try {
    mkdirSync(stage)
    const result = fill(stage, templates)
    renameSync(stage, directory)
    return result
  } catch (error) {
    rmSync(stage, { recursive: true, force: true })
    throw error
  }
}

function fill(directory: string, templates: readonly Template[]): Written {
  const [written, kept, made]: [string[], string[], string[]] = [[], [], []]
  try {
    for (const { path, text } of templates) {
      const file = join(directory, path)
      made.push(...makeFolder(dirname(file)))
      const list = create(file, text) ? written : kept
      list.push(path)
    }
    return { written, kept }
  } catch (error) {
    for (const path of written) rmSync(join(directory, path), { force: true })
    for (const folder of made.reverse()) rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Creates a file, whole or not at all; returns false if it exists. */
function create(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    rmSync(file, { force: true })
    throw error
  }
}

// Level by level: `recursive` never returns for a folder in /proc.
function makeFolder(folder: string): readonly string[] {
  if (existsSync(folder)) return []
  const made = makeFolder(dirname(folder))
  mkdirSync(folder)
  return [...made, folder]
}
