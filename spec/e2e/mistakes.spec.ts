import { describe, it } from 'node:test'
import { type Mistake, make, run, tidings } from './mistakes.ts'

const table: readonly Mistake[] = [
  [tidings('rnu'), 2, 'unknown command "rnu"; did you mean "run"?'],
  [tidings('frobnicate'), 2, 'unknown command "frobnicate"; see tidings --help'],
  [tidings('help', 'evnts', 'ls'), 2, 'unknown command "evnts"; did you mean "events"?'],
  [tidings('events', 'lst'), 2, 'unknown command "lst"; did you mean "ls"?'],
  [tidings('--db', 'x'), 2, 'expected a command, got "--db"; see tidings --help'],
  [run(), 2, 'FILE is missing: tidings run FILE'],
  [run('hello.ts', 'more.ts'), 2, '"more.ts" is one argument too many: tidings run FILE'],
  [run('hello.ts', '--onec'), 2, 'unknown option --onec; did you mean "--once"?'],
  [run('hello.ts', '--db'), 2, '--db needs a value'],
  [run('hello.ts', '-m', '--db', 'a'), 2, '--memory keeps no log: leave out --db'],
  [run('hello.ts', '--only', 'my_jbo'), 2, 'agent "hello" has no job "my_jbo"; did you mean "my_job"?'],
  [
    run('hello.ts', '--log-level', 'inof'),
    2,
    '--log-level must be one of trace, debug, info, warn, error, fatal, silent, got "inof"; did you mean "info"?',
  ],
  [run('helo.ts'), 2, 'there is no file helo.ts; did you mean "hello.ts"?'],
  [run('notalog'), 2, 'notalog is a folder, not a file'],
  [
    run('loose.ts'),
    1,
    "loose.ts exports no agent: combine its parts: export default agent('my-agent', [myJob, myListener])",
  ],
  [run('nothing.ts'), 1, "nothing.ts exports no agent: end it with export default agent('my-agent', [])"],
  [run('several.ts'), 1, 'several.ts exports several agents (another, myAgent): export the one to run as default'],
  [run('syntax.ts'), 1, 'syntax.ts:3:10: Unexpected token'],
  [run('throws.ts'), 1, 'throws.ts:3: not today'],
  [run('helper.ts'), 1, 'throws.ts:3: not today'],
  [run('stuck.ts'), 1, 'stuck.ts never finishes loading: its top-level await never settles'],
  [run('missing.ts'), 1, 'missing.ts:2: can\'t find "./nowhere.ts"'],
  [run('badjob.ts'), 1, 'badjob.ts:3: job "x" needs a schedule such as every(\'10m\'), got "every day"'],
  [run('hello.ts', '--db', 'hello.ts'), 1, "the log in HERE/hello.ts can't be opened: ENOTDIR: not a directory"],
]

describe('a mistake prints one sentence, and its exit code says whose it is', () => {
  it('in the arguments of tidings run', (t) => make(t, table))
})
