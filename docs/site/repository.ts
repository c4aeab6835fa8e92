import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/** A page of the site: where it is there, and its Markdown. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** A group of links in the table of contents: docs/README.md. */
export interface Chapter {
  readonly title: string
  readonly links: readonly { readonly title: string; readonly page: string }[]
}

const LINK = /\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)/g

/** The pages of the repository as pages of a site, with what they link to: code, folders and pictures, too. */
export class Repository {
  readonly #root: string
  readonly #pages = new Map<string, string>()
  readonly #files = new Set<string>()

  constructor(root: string) {
    this.#root = root
    for (const path of this.#below('docs', '.md')) this.#pages.set(path, asIndex(path.slice('docs/'.length)))
    for (const name of readdirSync(root).filter((each) => each.endsWith('.md')))
      this.#pages.set(name, `project/${name.toLowerCase()}`)
    this.#pages.set('lib/README.md', 'project/engine.md')
  }

  /** All pages, and the pictures that they show, by their paths in the repository. */
  read(): { readonly pages: readonly Page[]; readonly pictures: ReadonlyMap<string, string> } {
    const pictures = new Map<string, string>()
    const pages = Array.from(this.#pages, ([from, path]) => {
      const text = readFileSync(join(this.#root, from), 'utf8')
      return { path, text: this.#converted(text, from, path, pictures) }
    })
    const code = Array.from(this.#files, (path) => ({ path: `files/${path}.md`, text: this.#shown(path) }))
    return { pages: [...pages, this.#decisions(), ...code], pictures }
  }

  /** The chapters of docs/README.md. */
  contents(): readonly Chapter[] {
    const [, ...chapters] = readFileSync(join(this.#root, 'docs/README.md'), 'utf8').split('\n## ')
    return chapters.map((chapter) => ({
      title: chapter.split('\n')[0] ?? '',
      links: Array.from(chapter.matchAll(/^- \[([^\]]+)\]\(([^)]+)\)/gm), ([, title = '', target = '']) => ({
        title,
        page: this.#siteOf(posix.join('docs', target)),
      })),
    }))
  }

  #below(folder: string, ending: string): string[] {
    return readdirSync(join(this.#root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(ending))
      .map((path) => posix.join(folder, path))
  }

  // Links lead to pages of the site. In text, a `<` would begin a tag of the site's own.
  #converted(text: string, from: string, path: string, pictures: Map<string, string>): string {
    const linked = (words: string): string =>
      words.replaceAll(LINK, (link, target: string, anchor = '') => {
        if (target === '') return link
        const found = posix.join(posix.dirname(from), target)
        if (!existsSync(join(this.#root, found))) throw new Error(`${from} links to ${found}, which does not exist`)
        const isPicture = /\.(svg|png)$/.test(found)
        if (isPicture) pictures.set(found, posix.basename(found))
        const to = isPicture ? posix.basename(found) : this.#siteOf(found)
        return `](${relative(path, to)}${anchor})`
      })
    return outsideCode(text.replaceAll(/<!--[^]*?-->\n*/g, ''), (words) =>
      linked(words).replaceAll(/<(?=[a-z/!])/gi, '&lt;'),
    )
  }

  #siteOf(path: string): string {
    const clean = path.replace(/\/$/, '')
    const page = this.#pages.get(clean)
    if (page !== undefined) return page
    if (clean === 'docs/decisions') return 'decisions/index.md'
    this.#files.add(clean)
    return `files/${clean}.md`
  }

  #decisions(): Page {
    const found = this.#below('docs/decisions', '.md').map((path) => {
      const [title = ''] = readFileSync(join(this.#root, path), 'utf8').split('\n')
      return `- [${title.replace(/^# /, '')}](${posix.basename(path)})`
    })
    return {
      path: 'decisions/index.md',
      text: `# Decisions\n\nWhy things are as they are.\n\n${found.toSorted().join('\n')}\n`,
    }
  }

  #shown(path: string): string {
    const place = join(this.#root, path)
    if (!statSync(place).isDirectory()) return `# ${path}\n\n${fenced(path, readFileSync(place, 'utf8'))}`
    const names = readdirSync(place).filter((name) => statSync(join(place, name)).isFile())
    const files = names.map((name) => `## ${name}\n\n${fenced(name, readFileSync(join(place, name), 'utf8'))}`)
    return `# ${path}\n\n${files.join('\n')}`
  }
}

/** README.md of a folder is its index. */
function asIndex(path: string): string {
  return path.replace(/(^|\/)README\.md$/, '$1index.md')
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

function fenced(name: string, code: string): string {
  const language = /\.(ts|js|json|md|yaml|yml|sh)$/.exec(name)?.[1] ?? 'text'
  return `\`\`\`\`${language}\n${code.trimEnd()}\n\`\`\`\`\n`
}

/** Changes the text of a page, and leaves its code as it is. */
function outsideCode(text: string, change: (words: string) => string): string {
  return text
    .split(/(^ *(`{3,})[^\n]*\n[^]*?^ *\2 *$|`[^`\n]+`)/m)
    .map((part, i) => (i % 3 === 0 ? change(part) : i % 3 === 1 ? part : ''))
    .join('')
}
