import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { command } from '../../../bin/cli/command.ts'
import { helpOf } from '../../../bin/cli/help.ts'
import { parse } from '../../../bin/cli/parse.ts'

const sample = command({
  summary: 'Does it.',
  takes: ['FILE', '[MORE]'],
  options: {
    name: { alias: 'n', type: 'string', describe: 'A name' },
    type: { type: 'array', string: true, describe: 'Types' },
    limit: { type: 'number', describe: 'A number' },
    'log-level': { type: 'string', describe: 'A level' },
    dry: { type: 'boolean', describe: 'Do nothing' },
  },
  examples: [['a.ts -n x', 'Does it to x']],
  rewrite: (args) => args.map((each) => (each === '-old' ? '--dry' : each)),
  run: async () => 0,
})

const given = (...args: readonly string[]): unknown => parse(['prog', 'do'], sample, args)

describe('parse', () => {
  it('returns options by their long names, and arguments as typed', () => {
    const parsed = given('007', '-n', '1e3', '--type', 'a', '--type', 'b', '--limit', '5', '--log-level=x', '-old')
    assert.deepEqual(parsed, { _: ['007'], name: '1e3', type: ['a', 'b'], limit: 5, 'log-level': 'x', dry: true })
  })

  it('reads words after a repeatable option, and after --, as arguments', () => {
    assert.deepEqual((given('--type', 'a', 'file') as { _: unknown })._, ['file'])
    assert.deepEqual((given('--', '--dry', '-x') as { _: unknown })._, ['--dry', '-x'])
  })

  it('takes any number of a last argument that may be repeated', () => {
    const many = { ...sample, takes: ['FILE', '[SEQ...]'] }
    const given = (...args: readonly string[]): { readonly _: unknown } =>
      parse(['prog', 'do'], many, args) as { readonly _: unknown }
    assert.deepEqual(given('a', '1', '2', '3')._, ['a', '1', '2', '3'])
    assert.deepEqual(given('a')._, ['a'])
    const message = /^SEQ is empty: prog do FILE \[SEQ\.\.\.\]$/
    assert.throws(() => given('a', '1', '2', ''), { name: 'UsageError', message })
    assert.throws(() => given(), { name: 'UsageError', message: /^FILE is missing/ })
  })

  it('rejects anything the command does not take, in one sentence', () => {
    const wrong: readonly [readonly string[], RegExp][] = [
      [[], /^FILE is missing: prog do FILE \[MORE\]$/],
      [['a', 'b', 'c'], /^"c" is one argument too many: prog do FILE \[MORE\]$/],
      [['a', '--nmae', 'x'], /^unknown option --nmae; did you mean "--name"\?$/],
      [['a', '--logLevel', 'x'], /^unknown option --logLevel; did you mean "--log-level"\?$/],
      [['a', '--no-dry'], /^unknown option --no-dry/],
      [['a', '-q'], /^unknown option -q$/],
      [['a', '-n'], /^(-n|--name) needs a value$/],
      [['a', '--name='], /^--name needs a value$/],
      [['a', '--type'], /^--type needs a value$/],
      [['a', '-n', 'x', '-n', 'y'], /^(-n|--name) was given twice$/],
      [['a', '--limit', 'many'], /^--limit must be a whole number, not negative, got "many"$/],
      [['a', '--name', '--dry'], /^--name needs a value$/],
      [['a', '--name', '-x'], /^--name needs a value; write a value that begins with - as --name=-x$/],
      [['a', '--dry=1'], /^--dry takes only true or false, got "1"$/],
      [['a', '--dry', '--dry'], /^--dry was given twice$/],
      [['a', ''], /^MORE is empty: prog do FILE \[MORE\]$/],
      [['a', '--', '-x', 'y'], /^"y" is one argument too many/],
    ]
    for (const [args, message] of wrong)
      assert.throws(() => given(...args), { name: 'UsageError', message }, args.join(' '))
  })

  it('reads short options with their values attached, and several flags in one', () => {
    for (const args of [['-n', 'x'], ['-nx'], ['-n=x'], ['--name=x'], ['--name', 'x']])
      assert.deepEqual(given('a', ...args), { _: ['a'], name: 'x' }, args.join(' '))
    assert.deepEqual(given('a', '--name=a=b', '--dry=false'), { _: ['a'], name: 'a=b', dry: false })
    assert.deepEqual(given('a', '-n', '-5', '--type=-x'), { _: ['a'], name: '-5', type: ['-x'] })
    assert.deepEqual(given('-', '-n', '-'), { _: ['-'], name: '-' })
  })

  it('asks for help, wherever --help stands and whatever else is wrong', () => {
    for (const args of [['-h'], ['a', 'b', 'c', '--help'], ['--help', '--nmae']]) assert.equal(given(...args), 'help')
  })
})

describe('helpOf', () => {
  it('shows usage, summary, options and examples', async () => {
    const help = await helpOf(['prog', 'do'], sample)
    assert.match(help, /^prog do FILE \[MORE\] \[options\]\n\nDoes it\.\n\nOptions:\n/)
    assert.match(help, /-n, --name +A name +\[string\]/)
    assert.match(help, /\n\nExamples:\n {2}prog do a\.ts -n x\n {6}Does it to x$/)
  })
})
