import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of the recipes. */
export const folder = join(import.meta.dirname, '../../docs/recipes')

/** The recipes by what they are about, each in the order of the page. */
const chapters: Readonly<Record<string, readonly string[]>> = {
  'The web': ['price', 'page', 'feeds', 'rain', 'train'],
  'Your day': ['meeting', 'birthday', 'mail-task', 'orders'],
  Code: ['release', 'workflow', 'stale-pulls', 'npm-issue', 'follower'],
  Machines: ['uptime', 'certificate', 'disk', 'backup', 'nightly', 'inbox'],
}

const INTRODUCTION = `# Recipes

<!-- Made from the recipes by \`npm run docs:recipes\`. Change them there. -->

Small agents for things that people want. Each is a whole program: copy it, change the names and addresses, and start
it with \`tidings run price.ts\`. To have several in one agent, put their parts into one list.

- **Secrets**: a word such as \`GITHUB_TOKEN\` names a variable of the environment, or an entry of
  \`.tidings/credentials.json\`.
- **Messages** go wherever [notify](../streams/notify.md) can send them: exchange \`notify.ntfy\` for another. On a
  public server of ntfy, choose topics that are hard to guess.
- **Other services**: see the [streams](../streams/README.md), or write [your own](../writing-streams.md).

The test suite runs each recipe, unchanged, against servers that play the services. It acts once, even if it sees the
same thing again, also after a restart.
`

/** The names of all recipes, in alphabetical order. */
export function recipeNames(): string[] {
  return readdirSync(folder).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -'.ts'.length)] : []))
}

/** The packages that a recipe needs, by what is in its code. */
const packages: readonly (readonly [RegExp, string])[] = [
  [/github\(\{/, '@octokit/core @octokit/plugin-retry @octokit/plugin-throttling'],
  [/web\(\{/, 'cheerio'],
  [/feed\(\{/, 'feedsmith'],
  [/calendar\(\{/, 'ical.js'],
  [/imap\(\{/, 'imapflow'],
  [/files\(\{/, 'chokidar'],
  [/\.email\(/, 'nodemailer'],
  [/appendRow\('.*\.csv'/, 'csv-stringify'],
  [/appendRow\(\{ spreadsheet/, 'google-auth-library'],
]

/** A recipe: what it is for, what to know about it, and its code. Its file begins with the texts, as a comment. */
interface Recipe {
  readonly name: string
  readonly wish: string
  readonly text: string
  readonly code: string
}

function read(name: string): Recipe {
  const lines = readFileSync(join(folder, `${name}.ts`), 'utf8').split('\n')
  const end = lines.findIndex((line) => !line.startsWith('//'))
  const [wish = '', ...text] = lines
    .slice(0, end)
    .map((line) => line.replace(/^\/\/ ?/, ''))
    .join('\n')
    .split('\n\n')
  if (!/^I want .*\.$/s.test(wish)) throw new Error(`docs/recipes/${name}.ts begins with "I want …", got "${wish}"`)
  return { name, wish, text: text.join('\n\n'), code: lines.slice(end).join('\n').trim() }
}

/** The page of the recipes. */
export function recipesPage(): string {
  const parts = Object.entries(chapters).map(([title, names]) => [title, names.map(read)] as const)
  const rows = parts.flatMap(([, recipes]) =>
    recipes.map(
      ({ name, wish }) => `| ${wish.slice('I want '.length, -1).replaceAll('\n', ' ')} | [${name}](#${name}) |`,
    ),
  )
  const texts = parts.map(([title, recipes]) => [`## ${title}`, ...recipes.map(section)].join('\n\n'))
  return `${INTRODUCTION}\n| I want … | recipe |\n|---|---|\n${rows.join('\n')}\n\n${texts.join('\n\n')}\n`
}

function section({ name, wish, text, code }: Recipe): string {
  const needed = packages.flatMap(([pattern, names]) => (pattern.test(code) ? [names] : []))
  const install = needed.length === 0 ? [] : [`Packages: \`npm install ${needed.join(' ')}\`.`]
  return [`### ${name}`, wish, text, ...install, `\`\`\`ts no-run\n${code}\n\`\`\``].join('\n\n')
}

/** The recipes that are on the page. */
export const shown: readonly string[] = Object.values(chapters).flat()
