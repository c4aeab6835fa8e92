import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import type { Entry } from '../../bin/cli/command.ts'
import { tidings as program } from '../../bin/cli/commands.ts'
import { columnsOf, loadWidths } from '../../lib/core/columns.ts'
import { ownEnvironment, root, userFolder } from './program.ts'
import { terminal } from './terminal.ts'

const JOB = 'poll_with_a_name_that_is_longer_than_anybody_types_東京'
const LISTENER = 'mailer_for_all_the_people_who_asked_for_it_👩‍👧'

/** An agent that leaves long, wide and hostile things in its log. */
const home = `
import { agent, eventType, every, job, listener, manual, on, Park, where } from 'tidings'
const order = eventType('com.example.orders.order-was-changed-by-a-customer.東京').of<{ text: string; n: number }>()
const words = 'words that say a lot, 東京 👩‍👧, and then some more: '.repeat(9)
const id = (n: number): string => n + '-9f3c2b7e0d1a4c5e8f9a0b1c2d3e4f5a6b7c8d9e/' + 'x'.repeat(200) + '\\u001b[31m\\n'
const draft = (n: number) => order(id(n), { text: words + '\\u001b[2J' + 'y'.repeat(300), n })
export const poll = job('${JOB}', every().monday.at('10:30', 'Europe/Berlin'), ({ logger }) => {
  logger.info({ note: words, url: 'https://example.com/' + 'z'.repeat(100) }, words)
  return [draft(1), draft(2), draft(3)]
}, { tags: ['nightly'] })
export const bad = job('bad', every(2).hours, () => { throw new Error('connect ECONNREFUSED ' + words, { cause: new Error(words) }) })
const off = job('switched_off', manual(), () => undefined, { enabled: false })
const mail = listener('${LISTENER}', on(order), ({ data }) => { if (data.n < 3) throw new Park('no room: ' + words) }, { from: 'start' })
const down = listener('down', on(order), () => { throw new TypeError(words) }, { backoff: { min: '1h', max: '2h' } })
const few = listener('few', on(order).pipe(where('data.n', (n) => n === 3), where((event) => event.data.text.length > 10)), () => undefined)
export default agent('home', [poll, bad, off, mail, down, few], { timezone: 'America/New_York' })`

/** Commands to run on its log, one after the other, with what they ask answered. */
const commands: readonly (readonly string[])[] = [
  ['run', 'home.ts', '--once', '--env-file', '.env'],
  ['run', 'home.ts', '--once', '--log-level', 'debug'],
  ['run', 'home.ts', '--dry'],
  ['run', 'missing-file-with-a-very-long-name-that-does-not-fit-in-sixty-columns-at-all.ts'],
  ['test', 'home.ts', '-m', '-j', JOB, '-l', LISTENER],
  ['test', 'home.ts', '-m', '-j', JOB, '-l', 'few', '--dry'],
  ['test', 'home.ts', '-m', '-j', 'bad'],
  ['test', 'home.ts', '-m', '-j', 'bda'],
  ['status'],
  ['health'],
  ['doctor'],
  ['lint', 'home.ts'],
  ['simulate', 'home.ts', '--for', '1h'],
  ['torture', 'home.ts', '--for', '1s', '--faults', 'stops'],
  ['diff', 'HEAD..HEAD', 'home.ts', '--for', '1h'],
  ['why', '1', LISTENER, 'home.ts'],
  ['why', '2', 'down', 'home.ts'],
  ['why', '3', 'few', 'home.ts'],
  ['backtest', 'home.ts', 'few', '--examples', '2'],
  ['events', 'ls'],
  ['events', 'ls', '--type', 'tidings.*'],
  ['events', 'show', '1'],
  ['events', 'show', 'nothing', id()],
  ['events', 'show', '1', '--story'],
  ['events', 'find', '1'],
  ['events', 'search', 'no room'],
  ['events', 'search', 'parked', '--limit', '1'],
  ['events', 'types'],
  ['events', 'count', '--by', 'type'],
  ['events', 'count'],
  ['events', 'tail'],
  ['events', 'export', '--to', 'events.ndjson'],
  ['events', 'import', 'events.ndjson', '--db', 'a-copy-in-a-folder-with-a-long-name/of-the-log-that-is-elsewhere'],
  ['agents', 'ls'],
  ['jobs', 'ls'],
  ['jobs', 'ls', 'home.ts'],
  ['jobs', 'next', JOB, 'home.ts'],
  ['jobs', 'history', JOB],
  ['jobs', 'history', 'bad'],
  ['jobs', 'timeline'],
  ['jobs', 'run', JOB, 'home.ts', '--dry'],
  ['jobs', 'run', JOB],
  ['jobs', 'abort', JOB],
  ['jobs', 'pause', JOB],
  ['jobs', 'resume', JOB],
  ['jobs', 'reset', JOB],
  ['jobs', 'release', JOB],
  ['jobs', 'discard', JOB],
  ['jobs', 'rm', JOB, '--yes'],
  ['listeners', 'ls'],
  ['listeners', 'ls', 'home.ts'],
  ['listeners', 'pause', LISTENER],
  ['listeners', 'resume', LISTENER],
  ['listeners', 'skip', 'few'],
  ['listeners', 'reset', 'few', '--to', 'start'],
  ['listeners', 'deliveries', LISTENER],
  ['listeners', 'retrying'],
  ['parked', 'groups'],
  ['parked', 'ls'],
  ['parked', 'show', LISTENER, '1'],
  ['parked', 'show', LISTENER, '1', 'home.ts', '--as-spec', 'test/parked.test.ts'],
  ['parked', 'retry', LISTENER, '1'],
  ['parked', 'drop', LISTENER, '--all', '--yes'],
  ['replay', LISTENER, '--dry', '--again'],
  ['replay', LISTENER, '--yes', '--again'],
  ['listeners', 'rename', LISTENER, `${LISTENER}_2`],
  ['listeners', 'rm', `${LISTENER}_2`, '--yes'],
  ['reload'],
  ['db', 'stats'],
  ['db', 'verify'],
  ['db', 'backup', 'backups-in-a-folder-with-a-long-name/monday-morning-before-the-upgrade'],
  ['db', 'restore', 'backups-in-a-folder-with-a-long-name/monday-morning-before-the-upgrade', '--db', 'restored'],
  ['db', 'copy', 'restored', 'a-copy-in-a-folder-with-a-long-name/of-the-log-that-is-copied-there'],
  ['db', 'prune', '--age', '90d', '--yes'],
  ['db', 'compact'],
  ['db', 'repair'],
  ['service', 'install', '--dry', '--to', 'units', '--project', '.'],
  ['init', 'a-new-project-with-a-long-name', '--yes', '--no-install'],
  ['nonsense'],
]

/** How those end that do not end with 0, by how they begin. */
const failing: readonly (readonly [begin: string, code: number])[] = [
  ['run home.ts', 1],
  ['run missing', 2],
  ['test home.ts -m -j bda', 2],
  ['test home.ts -m -j bad', 1],
  [`test home.ts -m -j ${JOB} -l ${LISTENER}`, 1],
  ['status', 1],
  ['health', 1],
  ['doctor', 2],
  ['events show nothing', 1],
  [`jobs run ${JOB} home.ts`, 0],
  ['jobs run', 1],
  ['jobs abort', 1],
  ['reload', 1],
  ['nonsense', 2],
]

function id(): string {
  return 'x'.repeat(200)
}

/** What is printed for programs: a command that asks for it gets it whole. */
const forPrograms = ['graph', 'metrics', 'service print', 'db init']

/** Run until they are stopped; one of them below. */
const untilStopped = ['dev', 'run', 'ui']

/** Runs them all in one process: its terminal is theirs. */
const runner = `
import { tidings } from '${join(root, 'dist/bin/cli/commands.js')}'
import { answer } from '${join(root, 'dist/bin/cli/main.js')}'
import { loadWidths } from '${join(root, 'dist/lib/core/columns.js')}'
await loadWidths()
const kept = new Map(process.eventNames().map((name) => [name, process.listeners(name)]))
for (const [i, args] of ${JSON.stringify(commands)}.entries()) {
  process.stdout.write('### ' + i + '\\n')
  const code = await answer(['tidings'], tidings, args)
  for (const name of process.eventNames())
    for (const each of process.listeners(name)) if (!kept.get(name)?.includes(each)) process.off(name, each)
  process.stdout.write('### ends ' + code + '\\n')
}
process.exit()`

const author = ['-c', 'user.name=home', '-c', 'user.email=home@example.com']

/** Everything that they print on a terminal of so many columns, by command. */
async function printed(t: TestContext, columns: number): Promise<readonly string[]> {
  const folder = userFolder(t, { 'home.ts': home, 'runner.mjs': runner, 'agents/home.ts': home, '.env': '' })
  for (const args of [
    ['init', '-q'],
    ['add', 'home.ts'],
    [...author, 'commit', '-q', '-m', 'home'],
  ])
    execFileSync('git', args, { cwd: folder })
  const command = `stty cols ${columns} rows 24; exec ${process.execPath} runner.mjs`
  const env = { ...ownEnvironment(), SHELL: '/bin/sh', NO_COLOR: '1', TZ: 'Europe/Berlin' }
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: folder, env })
  child.stdin.end()
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
  await new Promise((resolve) => child.on('close', resolve))
  return text.split(/^### \d+\r?$/m).slice(1)
}

/** The lines of a terminal. Each text that another one overwrites counts as a line too. */
function linesOf(text: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what a terminal gets
  return text.split(/[\r\n]+/).map((line) => line.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, ''))
}

function tooLong(text: string, columns: number): readonly string[] {
  return linesOf(text).filter((line) => columnsOf(line) > columns)
}

function everyCommand(entry: Entry, words: readonly string[] = []): readonly string[] {
  if ('load' in entry) return [words.join(' ')]
  return Object.entries(entry.commands).flatMap(([name, each]) => everyCommand(each, [...words, name]))
}

before(loadWidths)

describe('on a terminal', () => {
  it('is every command tried here', () => {
    const tried = new Set(commands.flatMap((args) => [args[0] ?? '', args.slice(0, 2).join(' ')]))
    const missing = everyCommand(program).filter(
      (name) => !tried.has(name) && ![...forPrograms, ...untilStopped].includes(name),
    )
    assert.deepEqual(missing, [])
  })

  for (const columns of [80, 60]) {
    it(`of ${columns} columns, no command prints a longer line`, { timeout: 300_000 }, async (t) => {
      const all = await printed(t, columns)
      assert.equal(all.length, commands.length, all.at(-1))
      for (const [i, text] of all.entries()) {
        const words = commands[i]?.join(' ') ?? ''
        const name = `tidings ${words}:\n${text}`
        assert.deepEqual(tooLong(text, columns), [], name)
        const code = failing.find(([begin]) => words.startsWith(begin))?.[1] ?? 0
        assert.match(text, new RegExp(`^### ends ${code}\\b`, 'm'), name)
        if (words.includes('debug')) continue
        // Nothing is ours to see, and times (but for that in an identifier of the engine) are in one form, in the zone of the agent or of the system.
        if (!words.startsWith('parked show')) assert.doesNotMatch(text, /^ +at .*\.js:\d+/m, name)
        // A simulation has times of its own, in UTC.
        if (!words.includes('--story') && !words.startsWith('simulate'))
          assert.doesNotMatch(text, /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/, name)
      }
    })
  }

  it('an agent starts, fails and stops in few lines, none longer than the terminal', {
    timeout: 120_000,
  }, async (t) => {
    const busy = home.replace(
      /\], \{ timezone.*/,
      `,
      job('often', every('50ms'), () => undefined),
      job('slow', every('200ms'), async ({ signal, publish }) => {
        await publish('tick', 'once', {})
        while (!existsSync('over')) await new Promise((resolve) => setTimeout(resolve, 20))
      }),
    ], { timezone: 'America/New_York' })`,
    )
    const folder = userFolder(t, { 'home.ts': `import { existsSync } from 'node:fs'\n${busy}` })
    writeFileSync(join(folder, '.env'), '')
    const running = terminal(t, folder, ['run', 'home.ts'], 80)
    await running.shows(/new event type=tick/)
    running.type('\u0003')
    await running.shows(/stopping agent agent=home: [^]*job\s+slow\s+\(\d+ m?s\)/)
    writeFileSync(join(folder, 'over'), '')
    await running.ended
    const text = running.shown()
    assert.deepEqual(tooLong(text, 80), [])
    const lines = linesOf(text)
    assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d New York starting agent log=\.tidings\/home agent=home/)
    assert.match(text, /agent started agent=home jobs=5 listeners=3; next runs: often \d\d:\d\d:\d\d/)
    assert.match(lines.findLast((line) => line !== '') ?? '', /agent stopped agent=home$/)
    assert.equal(lines.filter((line) => /job done job=often|running job/.test(line)).length, 0)
  })
})
