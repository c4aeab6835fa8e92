import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../bin/cli/command.ts'
import { tidings as program } from '../../bin/cli/commands.ts'
import { command } from '../support/command.ts'
import { agentTest, type Ended, tidings, userFolder } from './program.ts'

/** Every command, and every group of them, as the words that call it. */
function everyCommand(entry: Entry, words: readonly string[] = []): (readonly string[])[] {
  if ('load' in entry) return [words]
  return [words, ...Object.entries(entry.commands).flatMap(([name, each]) => everyCommand(each, [...words, name]))]
}

function checkHelp(
  { code, stdout, stderr }: Pick<Ended, 'code' | 'stdout' | 'stderr'>,
  words: readonly string[],
): void {
  const name = words.join(' ')
  assert.deepEqual([code, stderr], [0, ''], name)
  assert.ok(stdout.startsWith(name), `${name}:\n${stdout}`)
  const wide = stdout.split('\n').filter((line) => line.length > 80)
  assert.deepEqual(wide, [], name)
  assert.match(stdout, new RegExp(`\\nExamples?:\\n  ${name}`), name)
}

/** Says at the end whether the engine, which is slow to load, was loaded: it brings rxjs with it. */
const tattle = `import module from 'node:module'
process.on('exit', () => {
  if (Object.keys(module._cache).some((path) => path.includes('/rxjs/'))) process.stderr.write('loaded the engine')
})`

describe('help', () => {
  it('is printed without loading the engine, and so are a missing argument and the answer of a health check', async (t) => {
    const folder = userFolder(t)
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tattle)}` }
    const asked = [
      ['--help'],
      ['--version'],
      ['events', '--help'],
      ['run', '--help'],
      ['db', 'backup'],
      ['test', '-h'],
      ['health', '--db', '.'],
    ]
    for (const args of asked) {
      const { stderr } = await tidings(t, folder, args, { env })
      assert.doesNotMatch(stderr, /loaded/, args.join(' '))
    }
    assert.match((await tidings(t, folder, ['run', 'hello.ts', '--once', '-m'], { env })).stderr, /loaded the engine/)
  })

  it('of every command fits 80 columns and has an example', async (t) => {
    const folder = userFolder(t)
    const commands = everyCommand(program)
    assert.ok(commands.length > 8)
    for (const words of commands) checkHelp(await command(...words, '--help'), ['tidings', ...words])
    checkHelp(await agentTest(t, folder, ['-h']), ['agent-test'])
  })

  it('is printed by tidings alone, with code 2; --version prints the version', async (t) => {
    const folder = userFolder(t)
    const [alone, help, version, runHelp, helpRun] = await Promise.all(
      [[], ['help'], ['--version'], ['run', '--help'], ['help', 'run']].map((args) => tidings(t, folder, args)),
    )
    assert.equal(alone?.code, 2)
    assert.equal(alone?.stderr, help?.stdout)
    assert.match(version?.stdout ?? '', /^\d+\.\d+\.\d+\n$/)
    assert.equal((await agentTest(t, folder, ['--version'])).stdout, version?.stdout)
    assert.deepEqual([helpRun?.code, helpRun?.stdout], [0, runHelp?.stdout])
  })
})
