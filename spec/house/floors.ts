import { posix } from 'node:path'
import type { Import, Source } from './source.ts'

/** The floors of lib/: a folder imports only folders on lower floors. */
const floors: Readonly<Record<string, number>> = {
  core: 1,
  filter: 1,
  schedule: 2,
  log: 2,
  listener: 2,
  job: 3,
  dispatch: 3,
  level: 3,
  postgres: 3,
  agent: 4,
  'index.ts': 5,
  'cli.ts': 5,
  'filters.ts': 5,
  'log-places.ts': 5,
  'streams.ts': 5,
  testing: 5,
}

/** The files that stand in a folder itself, as a room of it. */
const ITSELF = '.'

/**
 * The rooms of a folder, lowest first: a room imports only from lower rooms, and rooms in one line are neighbours. Files
 * that stand in the folder itself are above all its rooms, unless `.` says where. A folder that is not here has no
 * rooms.
 */
const rooms: Readonly<Record<string, readonly (readonly string[])[]>> = {
  log: [[ITSELF], ['consumer'], ['copy']],
  listener: [['memory'], [ITSELF], ['judge']],
  postgres: [['sql'], [ITSELF]],
  level: [['format'], ['store'], ['read'], ['write'], ['session'], ['consumer', 'runs'], ['upkeep'], ['repair']],
  agent: [['define'], ['run', 'inspect'], ['try'], ['simulate'], ['operations'], ['peers'], ['socket'], ['page']],
}

/** Who may import what comes from outside; all other packages are free. */
const packages: readonly { readonly name: RegExp; readonly by: RegExp; readonly words: string }[] = [
  {
    name: /^((abstract|classic|memory)-)?level$/,
    by: /^lib\/level\/store\/|^spec\//,
    words: 'lib/level/store/',
  },
  { name: /^pg$/, by: /^lib\/postgres\/|^spec\//, words: 'lib/postgres/' },
  { name: /^pino$/, by: /^lib\/agent\/logger\.ts$|^spec\//, words: 'lib/agent/logger.ts' },
  { name: /^(@hono\/.*|hono)$/, by: /^lib\/agent\/(socket|page)\/.*$|^spec\//, words: 'lib/agent/socket/ and page/' },
  {
    name: /^@opentelemetry\/api$/,
    by: /^lib\/agent\/open-telemetry\.ts$|^spec\//,
    words: 'lib/agent/open-telemetry.ts',
  },
  { name: /^yargs$/, by: /^bin\/|^spec\//, words: 'bin/' },
  { name: /^(preact|@preact\/signals-core)$/, by: /^page\//, words: 'page/' },
  { name: /^fast-check$/, by: /^lib\/testing\/|^spec\//, words: 'lib/testing/ and spec/' },
  ...clientsOf({
    github: /^@octokit\//,
    feed: /^feedsmith$/,
    web: /^cheerio$/,
    files: /^chokidar$/,
    imap: /^imapflow$/,
    calendar: /^ical\.js$/,
    notify: /^nodemailer$/,
    spreadsheet: /^(csv-stringify|@e965\/xlsx|google-auth-library)$/,
  }),
]

/** The clients of outside services: each belongs to one stream. */
function clientsOf(clients: Readonly<Record<string, RegExp>>) {
  return Object.entries(clients).map(([stream, name]) => ({
    name,
    by: new RegExp(`^streams/${stream}(/|\\.ts$)|^(spec|docs)/`),
    words: `streams/${stream}`,
  }))
}

/** How long a file of lib/, streams/, bin/ or page/ may be, and from where on it is worth a look. */
const MOST_LINES = 350
const MANY_LINES = 300

/** Every breach of the house rules, each `path:line words`. */
export function breaches(sources: readonly Source[]): string[] {
  const each = sources.flatMap((source) => [
    ...source.imports.flatMap((one) => {
      const words = forbidden(source.path, one)
      return words === undefined ? [] : [`${source.path}:${one.line} ${words}`]
    }),
    ...ambientBreaches(source),
    ...(isOurs(source.path) && source.lines > MOST_LINES
      ? [`${source.path}:${source.lines} is longer than ${MOST_LINES} lines`]
      : []),
  ])
  return [...each, ...circles(sources)]
}

/** Files that are close to too long. */
export function longFiles(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path, lines }) => isOurs(path) && lines > MANY_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines`)
}

function isOurs(path: string): boolean {
  return /^(lib|streams|bin|page)\//.test(path)
}

function forbidden(path: string, { specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return forbiddenPackage(path, specifier)
  const target = posix.join(posix.dirname(path), specifier)
  const [house = '', room = ''] = path.split('/')
  const refused = `may not import ${target}`
  if (house !== 'spec' && target.startsWith('spec/')) return `${refused}: nobody imports spec/`
  if (house === 'lib') return forbiddenFloor(room, target) ?? forbiddenRoom(path, target)
  if (house === 'streams') return forbiddenStream(path, target)
  if (house === 'bin') {
    // These stand alone: neither help, a mistake on the command line nor a health check waits for the engine to load.
    const alone = /^lib\/(log-places|core\/(columns|escape|did-you-mean|zone-clock)|agent\/socket\/ask-health)\.ts$/
    const shared = target === 'lib/cli.ts' || alone.test(target)
    return target.startsWith('bin/') || shared || target === 'lib/index.ts'
      ? undefined
      : `${refused}: bin/ sees lib/index.ts`
  }
  if (house === 'page' && !target.startsWith('page/')) {
    // The table of operations, and their types: no code of the engine runs in a browser.
    const shared = /^lib\/agent\/operations\/(contract|operations)\.ts$/
    return shared.test(target) ? undefined : `${refused}: page/ sees the table of operations`
  }
  if (house === 'docs' && !target.startsWith('docs/')) return `${refused}: examples import 'tidings', as users do`
  return undefined
}

/** A stream sees what all streams share and the room of its own name; nothing in a room sees the stream itself. */
function forbiddenStream(path: string, target: string): string | undefined {
  if (target === 'lib/index.ts' || target === 'lib/streams.ts') return undefined
  const service = path.split('/')[1]?.replace(/\.ts$/, '') ?? ''
  if (target.startsWith('streams/shared/') || target.startsWith(`streams/${service}/`)) return undefined
  return `may not import ${target}: streams/ sees lib/index.ts, lib/streams.ts, streams/shared/ and its own room`
}

function forbiddenFloor(room: string, target: string): string | undefined {
  const [house, other = ''] = target.split('/')
  const floor = floors[room]
  if (floor === undefined) return `lib/${room} has no floor: see lib/README.md`
  if (house !== 'lib') return `lib/${room} may not import ${target}: lib/ sees only lib/`
  if (other === room || (floors[other] ?? Number.POSITIVE_INFINITY) < floor) return undefined
  return `lib/${room} (floor ${floor}) may not import ${target} (floor ${floors[other] ?? 'none'})`
}

function forbiddenRoom(path: string, target: string): string | undefined {
  const [folder, from] = placeOf(path)
  const [other, to] = placeOf(target)
  const order = rooms[folder] ?? []
  const place = order.findIndex((line) => line.includes(from))
  if (place < 0 && from !== ITSELF) return `${folder}/${from} is a room that is not in the plan: see lib/README.md`
  if (other !== folder || from === to) return undefined
  const level = place < 0 ? order.length : place
  if (order.slice(0, level).some((line) => line.includes(to))) return undefined
  return `room ${folder}/${from} may not import ${target}: only lower rooms`
}

/** The folder of lib/ that a file is in, and its room there. */
function placeOf(path: string): readonly [folder: string, room: string] {
  const [, folder = '', ...rest] = path.split('/')
  return [folder, rest.length > 1 ? rest.slice(0, -1).join('/') : ITSELF]
}

function forbiddenPackage(path: string, specifier: string): string | undefined {
  if (specifier === '(computed)') return undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (name === 'tidings')
    return isOurs(path) ? `may not import '${specifier}': inside, it is lib/index.ts by its path` : undefined
  const rule = packages.find((each) => each.name.test(name))
  return rule === undefined || rule.by.test(path) ? undefined : `may not import '${specifier}': only ${rule.words} may`
}

/** Time and chance come in from outside: a Clock, the World. Only the ids of logs and the tokens of pages are drawn. */
function ambientBreaches({ path, ambient }: Source): string[] {
  if (!/^(lib|streams)\//.test(path) || path === 'lib/core/clock.ts') return []
  return ambient
    .filter(({ what }) => !(/^lib\/(level|postgres)\//.test(path) && what === 'randomUUID'))
    .filter(({ what }) => !(path === 'lib/agent/page/tokens.ts' && what === 'randomBytes'))
    .map(
      ({ line, what }) =>
        `${path}:${line} uses ${what}: time and chance come in from outside, through a Clock or the World`,
    )
}

/** Circles among files, each said once. Types count too: files that need each other are one idea in two halves. */
function circles(sources: readonly Source[]): string[] {
  const targets = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
    ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const walk = (path: string, trail: readonly string[]): void => {
    const from = trail.indexOf(path)
    if (from >= 0) found.push(`${path}:1 imports itself in a circle: ${[...trail.slice(from), path].join(' → ')}`)
    if (from >= 0 || done.has(path)) return
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path])
    done.add(path)
  }
  for (const path of targets.keys()) walk(path, [])
  return found
}
